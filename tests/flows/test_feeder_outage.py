"""A feeder goes dark and comes back, over real UDP: what operators see, what leaves, what counts.

The network is known: four substations of four transformers, one concentrator with five customers
under each. Datagrams leave the addresses of their concentrators and reach `hes listen`.
"""

import gc
import re
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.protocol.spontaneous import Kind, Message, decode, encode
from devices.simulator import storms
from devices.simulator.population import Fleet
from devices.simulator.storms import Fate, Gasp, Road, Storm
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.drain import drain_hubs
from integration.export.sinks.event_hub.patience import Patience
from integration.models import SinkCursor
from listeners import invariants
from listeners.models import Interruption, Outage, OutageDay
from listeners.outage_store import figures
from tests.factories.eventhub import RunningHub, local_event_hub
from tests.factories.exported import drained
from tests.factories.feeders import PER_CONCENTRATOR, Field, counters, listener, network, wait_for

SAMPLES = Path(__file__).parents[1] / "samples"
CONCENTRATORS = 16
STRANGER = "127.10.9.9"
BRIEF = Patience(close=0.05, poll=0.05, look=0.2)
VERDICTS = "stored", "duplicates", "suspects", "rejected"
BACK = Kind.CONCENTRATOR_ON, Kind.METER_BACK
CODES = {
    Kind.CONCENTRATOR_OFF: "10.26.17.85", Kind.CONCENTRATOR_ON: "10.26.17.16",
    Kind.METER_LOST: "3.26.17.85", Kind.METER_BACK: "3.26.17.16",
}  # fmt: skip
LAST_GASP = re.compile(r"[^;]+;[^;]*;[^;]*;(10|3)\.26\.17\.(85|16);")
# The SDK leaves lost connections to the garbage collector: here, where they are forgiven.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:.*StreamWriter:ResourceWarning"),
]


class Evening:
    """What happens, and how it is told: copies and garbage on the way, two liars beside it."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, now = fleet, int(time.time())
        self.feeder = Storm(now - 600, 300, storms.area(fleet, "SE-0002"))
        self.transformer = Storm(now - 400, 150, storms.area(fleet, "TR-00012"))
        self.line = Storm(now - 450, 120, storms.area(fleet, "TR-00016"), False, 1.0)
        self.momentary = Storm(now - 50, 20, storms.area(fleet, "SE-0001"))
        road = Road(copies=0.5, garbage=0.4)
        self.long = [
            *storms.said(fleet, self.feeder, road),
            *storms.said(fleet, self.transformer, road),
            *storms.said(fleet, self.line),
        ]
        self.gasps = self.long + storms.said(fleet, self.momentary, road)
        lie = Message(Kind.CONCENTRATOR_OFF, fleet.concentrator(0).spoken_serial, now - 5 * 3600)
        self.lies = [encode(lie), encode(lie._replace(serial="99XXX99Z9999999"))]

    def darkness(self) -> list[Gasp]:
        """What is said before power is back where it is away for long."""
        return [gasp for gasp in self.gasps if gasp not in self.returns()]

    def returns(self) -> list[Gasp]:
        """And afterwards."""
        return [gasp for gasp in self.long if gasp.kind in BACK]

    def first(self) -> list[Gasp]:
        """What is news."""
        return [gasp for gasp in self.gasps if gasp.fate is Fate.FIRST]

    def count(self, fate: Fate) -> int:
        """How many are that."""
        return sum(gasp.fate is fate for gasp in self.gasps)

    def expected(self) -> dict[str, tuple[str, Storm, int]]:
        """Place -> level, what happened there, how many customers."""
        return {
            "SE-0002": ("substation", self.feeder, 4 * PER_CONCENTRATOR),
            "TR-00012": ("transformer", self.transformer, PER_CONCENTRATOR),
            "TR-00016": ("transformer", self.line, PER_CONCENTRATOR),
        }


def outages() -> dict[str, Outage]:
    """By the name of the place; those that became part of a larger one are told there."""
    return {each.name: each for each in Outage.objects.exclude(state="merged")}


def states() -> dict[str, str]:
    return {name: outage.state for name, outage in outages().items()}


@pytest.fixture
def hub(tmp_path):
    with local_event_hub(tmp_path / "eventhub", {"hes-lpe": 4, "hes-outage": 4}) as running:
        yield running
    gc.collect()


def test_a_feeder_outage_is_found_told_once_and_counted(tmp_path, hub):
    _, fleet = network(tmp_path, CONCENTRATORS)
    evening, sent = _play(fleet, tmp_path)
    _the_right_outages_were_found(evening)
    _the_figures_of_the_day_are_customers_times_minutes(evening)
    _the_counters_add_up(evening, sent)
    lines = drained(tmp_path / "export", "LPE")
    _each_last_gasp_left_once_as_the_samples_print_it(evening, filter(LAST_GASP.match, lines))
    told = drained(tmp_path / "export", "OUT")
    _each_outage_was_told_when_it_opened_and_when_it_ended(told)
    _each_event_is_on_the_hub_once(hub, {"hes-lpe": lines, "hes-outage": told})
    assert invariants.broken() == []


def _play(fleet: Fleet, folder: Path) -> tuple[Evening, int]:
    """Darkness, a look at what is open, and the return; how many datagrams were sent."""
    with listener(folder) as (_, port):
        field, evening = Field(port), Evening(fleet)
        sent = field.say(evening.darkness())
        for raw in evening.lies:
            field.send(STRANGER, raw)
        wait_for(lambda: states() == dict.fromkeys(evening.expected(), "open"), "three outages")
        sent += field.say(evening.returns()) + len(evening.lies)
        wait_for(lambda: set(states().values()) == {"closed"}, "the end of all")
        wait_for(lambda: _understood() == sent, "the last datagram")
        field.close()
    return evening, sent


def _understood() -> int:
    told = counters()
    return sum(told[name] for name in VERDICTS)


def _the_right_outages_were_found(evening: Evening) -> None:
    found = {
        name: (each.level, each.since.timestamp(), each.until.timestamp(), each.customers)
        for name, each in outages().items()
    }
    assert found == {
        name: (level, storm.begin, storm.end, customers)
        for name, (level, storm, customers) in evening.expected().items()
    }
    told_momentary = Interruption.objects.filter(is_momentary=True)
    assert told_momentary.count() == 4 * (1 + PER_CONCENTRATOR)
    assert not told_momentary.exclude(outage=None).exists()


def _the_figures_of_the_day_are_customers_times_minutes(evening: Evening) -> None:
    figures.refresh()
    days = list(OutageDay.objects.all())  # two if it was midnight
    places = evening.expected().values()
    assert sum(day.customer_seconds for day in days) == sum(
        storm.lasts * customers for _, storm, customers in places
    )
    assert sum(day.interruptions for day in days) == sum(customers for *_, customers in places)
    assert sum(day.momentaries for day in days) == 4 * PER_CONCENTRATOR
    assert sum(day.outages for day in days) == len(places)


def _the_counters_add_up(evening: Evening, sent: int) -> None:
    told = counters()
    verdicts = {name: told[name] for name in VERDICTS}
    assert verdicts == {
        "stored": evening.count(Fate.FIRST),
        "duplicates": evening.count(Fate.COPY),
        "suspects": len(evening.lies),
        "rejected": evening.count(Fate.GARBAGE),
    }
    assert told["received"] == sum(verdicts.values()) == sent
    assert told["kernel_drops"] == 0


def _each_last_gasp_left_once_as_the_samples_print_it(
    evening: Evening, lines: Iterable[str]
) -> None:
    lines = list(lines)
    assert {_form(line) for line in lines} == {_form(line) for line in _printed()}
    said = Counter(_expected_line(evening.fleet, gasp) for gasp in evening.first())
    assert Counter(map(_without_receipt, lines)) == said


def _printed() -> list[str]:
    """The lines of 000 3.3.2: each of the four kinds."""
    files = (SAMPLES / name for name in ("LPE_2020-09-23.csv", "LPE_2021-03-29.csv"))
    return [line for file in files for line in file.read_text().splitlines()[1:]]


def _form(line: str) -> tuple[str, ...]:
    """A line with names and times made equal. Of concentrators' lines the documents print one
    separator less than their own header has columns."""
    cells = line.split(";")
    if len(cells) == 9:
        cells.insert(1, "")
    names = ["name" if cell else "" for cell in cells[:3]]
    date = re.sub(r"[0-9]", "9", cells[4])
    stamp = cells[4][-4:] if not cells[1] else ""
    return *names, cells[3], date, stamp, *cells[5:]


def _expected_line(fleet: Fleet, gasp: Gasp) -> str:
    """Of a datagram; of meters' lines the date is the receipt, which nobody knows before."""
    message, concentrator = decode(gasp.raw), fleet.concentrator(gasp.concentrator)
    code = CODES[message.kind]
    if not message.mac:
        date = datetime.fromtimestamp(message.local, UTC).strftime("%Y-%m-%d %H:%M:%S.000")
        return f"{concentrator.name};;;{code};{date};;0;{message.kind};-;-"
    meter = concentrator.meter(message.mac)
    return f"{concentrator.name};{meter.serial};{meter.pod};{code};-;;0;{message.kind};-;-"


def _without_receipt(line: str) -> str:
    cells = line.split(";")
    if cells[1]:
        cells[4] = "-"
    return ";".join(cells)


def _each_outage_was_told_when_it_opened_and_when_it_ended(told: list[str]) -> None:
    kept = {str(outage.pk): name for name, outage in outages().items()}
    events = Counter((kept.get(line.split(";")[5]), line.split(";")[6]) for line in told)
    for name in kept.values():
        assert (events[name, "OPENED"], events[name, "CLOSED"]) == (1, 1)
    assert events[None, "OPENED"] == events[None, "MERGED"], "smaller ones went on in the feeder's"


def _each_event_is_on_the_hub_once(hub: RunningHub, wanted: dict[str, list[str]]) -> None:
    """Everything is sent twice, as after a relay that was killed before it noted how far it was."""
    for _ in range(2):
        drain_hubs(20, Access(hub.connection_string), BRIEF)
        SinkCursor.objects.filter(sink__startswith="hub/").update(xid=0, block_id=0)
    for name, lines in wanted.items():
        messages = hub.read(name)
        kept = {message.properties["dedup_id"]: message.body.decode() for message in messages}
        assert len(messages) == 2 * len(kept)
        assert Counter("".join(kept.values()).splitlines()) == Counter(lines)
