"""When the disk gets full, bulk visits pause first and what people wait for goes on."""

import logging
import shutil
import time
from pathlib import Path

import pytest

from tests.factories.engines import at_work
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import state, submit
from tests.factories.processes import wait_until
from tests.factories.visits import device, due, field_of, quick_company, states, visitable
from workorders import disk
from workorders.disk import Floor, is_below
from workorders.engine import Engine, Options

QUICK = {"lease": 2.0, "renew": 0.3, "poll": 0.05, "plans": False}


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """What the disk says is free."""
    room: dict[str, int | None] = {"bytes": 5_000}
    monkeypatch.setattr(disk, "free_bytes", lambda _: room["bytes"])
    return room


@pytest.mark.parametrize(
    ("free_bytes", "was_below", "expected"),
    [
        (1_000, False, False),
        (999, False, True),
        (1_099, True, True),
        (1_101, True, False),
        (None, True, False),
    ],
)
def test_low_begins_at_the_floor_and_ends_a_tenth_above(free_bytes, was_below, expected):
    assert is_below(free_bytes, 1_000, was_below=was_below) is expected


def test_each_change_is_told_once(free, caplog):
    floor = Floor(Path("/data"), 1_000)
    with caplog.at_level(logging.WARNING, "workorders.disk"):
        states = []
        for room in (5_000, 900, 800, 1_050, 1_200, 1_200):
            free["bytes"] = room
            states.append(floor.is_low())
    assert states == [False, True, True, True, False, False]
    assert [record.getMessage() for record in caplog.records] == [
        "/data: 900 bytes are free, the floor is 1,000: no new bulk visits",
        "/data: 1,200 bytes are free: bulk visits go on",
    ]


def test_a_disk_that_cannot_be_asked_stops_nothing_and_is_told_once(tmp_path, caplog):
    floor = Floor(tmp_path / "absent", 1_000)
    with caplog.at_level(logging.WARNING, "workorders.disk"):
        assert [floor.is_low(), floor.is_low()] == [False, False]
    assert len(caplog.records) == 1
    assert "free room is unknown" in caplog.text


def test_a_floor_of_nothing_never_asks():
    assert Floor(Path("/absent"), 0).is_low() is False


@pytest.mark.usefixtures("kinds")
@pytest.mark.django_db(transaction=True)
def test_a_low_disk_pauses_collections_and_no_order(tmp_path):
    """The floor is above what is really free here."""
    owner = quick_company()
    bulk, urgent = visitable(owner, 1), visitable(owner, 2)
    for each in (bulk, urgent):
        due(each)
    order = submit(urgent, "wake_up", meter=None, concentrator=urgent.serial_number)
    low = Options(**QUICK, disk=tmp_path, disk_floor=shutil.disk_usage(tmp_path).free * 2)
    field = field_of((bulk, device(bulk)), (urgent, device(urgent)))
    with at_work(Engine(field, low)):
        wait_until(lambda: state(order) == "done")
        time.sleep(0.5)  # ten looks for work
    assert states(bulk) == states(urgent) == ["due"]
    with at_work(Engine(field, Options(**QUICK, disk=tmp_path))):
        wait_until(lambda: states(bulk) == states(urgent) == ["done"])


@pytest.mark.django_db(transaction=True)
def test_bulk_visits_go_on_by_themselves_when_there_is_room_again(free):
    bulk = visitable(quick_company(), 1)
    free["bytes"] = 10
    with at_work(Engine(field_of((bulk, device(bulk))), Options(**QUICK, disk_floor=1_000))):
        due(bulk)
        time.sleep(0.5)
        assert states(bulk) == ["due"]
        free["bytes"] = 5_000
        wait_until(lambda: states(bulk) == ["done"])
