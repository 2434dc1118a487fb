"""The road to `samples/LPE_2021-04-10.csv`: devices are lost and found again, up to the file."""

import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devices.models import Company, Concentrator, ConcentratorStatus, Meter
from devices.parameters import change
from devices.simulator.device import FieldOptions
from devices.simulator.population import Fleet
from devices.simulator.server import RunningField
from tests.factories import fleets
from tests.factories.exported import drained, form
from tests.factories.simulated import listening, provision, visit_all
from tests.factories.visits import due, quick_company

pytestmark = pytest.mark.django_db(transaction=True)
SAMPLE = Path(__file__).parents[1] / "samples" / "LPE_2021-04-10.csv"
CYCLE = 6 * 3600
MAXIMUM = 3


class Calendar:
    """The clock of the field's collection rounds: cycles behind ours, moved on by the test.

    What its devices show as time is ours, or the visits would find their clocks wrong.
    """

    def __init__(self) -> None:
        self._behind = 10 * CYCLE

    def now(self) -> float:
        return time.time() - self._behind

    def next_cycle(self, field: RunningField) -> None:
        """One more cycle of every device is finished."""
        self._behind -= CYCLE
        for device in field.devices.values():
            device.memory.drift = self._behind


@pytest.fixture
def owner() -> Company:
    """Few misses make a device unreachable; a refused connection is tried once per slot."""
    made = quick_company("America/Santiago")
    change(made, "max_missed_contacts", str(MAXIMUM))
    change(made, "slot_attempts", "1")
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "export"


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that refuses every connection."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def visit(made: list[Concentrator]) -> None:
    for td in made:
        due(td, ago=0)
    visit_all()


def test_a_silent_meter_is_lost_after_too_many_cycles_and_found_again(owner, root):
    fleet, calendar = Fleet.generate(1, 2, 3), Calendar()
    meter = fleet.concentrator(0).meters[1]
    options = FieldOptions(now=calendar.now, answer_share=1.0, retention_days=2)
    with listening(fleet, options=options) as field:
        made = provision(owner, fleet, field)
        device = field.device(made[0].serial_number)
        counts = []
        for step in range(MAXIMUM + 4):
            if step == 1:
                device.silence([meter])
            if step == MAXIMUM + 3:
                device.rounds = replace(device.rounds, silent=frozenset())
            calendar.next_cycle(field)
            visit(made)
            counts.append((nrn(meter.serial), len(drained(root, "LPE"))))
    assert counts == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (0, 2)]
    lost, found = drained(root, "LPE")
    head = f"{made[0].name};{meter.serial};{meter.pod};"
    assert lost.startswith(f"{head}3.1.0.85;")
    assert found.startswith(f"{head}3.1.0.49;")
    assert form_of((root / "demo").glob("LPE_*.csv")) == form_of([SAMPLE])


def nrn(serial: str) -> object:
    """Missed contacts of a meter; its neighbours have none."""
    others = Meter.objects.exclude(serial_number=serial).values_list("pk", flat=True)
    assert {fleets.statistics(pk, "missed_contacts") for pk in others} == {(0,)}
    (count,) = fleets.statistics(Meter.objects.get(serial_number=serial).pk, "missed_contacts")
    return count


def form_of(paths: Iterable[Path]) -> tuple[set[str], set[str]]:
    """Headers and kinds of lines; digits of names and times are made equal."""
    headers, kinds = set(), set()
    for path in paths:
        header, *lines, end = path.read_bytes().decode("ascii").split("\n")
        assert end == "", "the last line ends as well"
        headers.add(header)
        kinds |= {form(line) for line in lines}
    return headers, kinds


def test_a_concentrator_that_refuses_is_lost_and_found_while_its_meters_count_nothing(
    owner, root, deaf_port
):
    fleet = Fleet.generate(1, 2, 2)
    with listening(fleet, options=FieldOptions(answer_share=1.0, retention_days=1)) as field:
        made = provision(owner, fleet, field)
        visit(made)
        _, port = field.endpoint(made[0].serial_number)
        counts = []
        for step in range(MAXIMUM + 3):
            move(made[0], port if step == MAXIMUM + 2 else deaf_port)
            visit(made)
            counts.append((missed(made[0]), len(drained(root, "LPE"))))
    assert counts == [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (0, 2)]
    lost, found = drained(root, "LPE")
    assert lost.startswith(f"{made[0].name};;;10.1.0.85;")
    assert lost.endswith(";;0;Concentrator Unreachable;;-")
    assert found.startswith(f"{made[0].name};;;10.1.0.49;")
    assert found.endswith(";;0;Concentrator Reachable;;-")
    assert missed(made[1]) == 0
    meters = Meter.objects.values_list("pk", flat=True)
    assert {fleets.statistics(pk, "missed_contacts") for pk in meters} == {(0,)}


def move(td: Concentrator, port: int) -> None:
    Concentrator.objects.filter(pk=td.pk).update(host="127.0.0.1", port=port)


def missed(td: Concentrator) -> int:
    return ConcentratorStatus.objects.get(pk=td.pk).missed_contacts
