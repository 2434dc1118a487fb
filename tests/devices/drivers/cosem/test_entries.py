"""One meter's entry, node state and setup, over a real socket."""

from dataclasses import replace

import pytest

from devices.drivers.base import Refused
from devices.drivers.duties import (
    Collected,
    Entry,
    MeterSetup,
    NodeState,
    Post,
    PostEntry,
    ReadEntry,
    ReadMeterSetup,
    ReadNode,
    SetMeterZone,
    SetProfilePeriod,
)
from devices.simulator.population import Fleet
from devices.simulator.server import running_field
from tests.devices.drivers.cosem.simulated import (
    METER,
    OPTIONS,
    at_concentrator,
    field,
    keys_of,
    opened,
    performed,
)

STRANGER = bytes(6)
FLEET = Fleet.generate(7, 1, 12, new_meters=1)  # the first concentrator of the others' fleet
[NEW] = FLEET.newcomers
ENTRY = Entry(
    NEW.mac, NEW.serial, NEW.phase, 0, closure=5, profile=3, period=60,
    flags=Collected.EVENTS | Collected.CURRENT_DATA, measurands=((13, 2, 60), (7, 1, 15)),
)  # fmt: skip


def with_a_new_meter():
    return running_field(FLEET, options=OPTIONS, port_base=0)


async def test_a_meter_in_service_has_an_entry_and_a_stranger_none():
    async with field() as running:
        node, entry, nobody, none = await at_concentrator(
            running, ReadNode(METER.mac), ReadEntry(METER.mac), ReadNode(STRANGER),
            ReadEntry(STRANGER),
        )  # fmt: skip
    assert node is NodeState.COMMISSIONED
    assert (entry.mac, entry.serial, entry.row) == (METER.mac, METER.serial, METER.row)
    assert (nobody, none) == (None, None)


async def test_an_entry_is_written_shown_and_removed():
    async with with_a_new_meter() as running:
        seen, none, _, entered, shown, _, removed = await at_concentrator(
            running, ReadNode(NEW.mac), ReadEntry(NEW.mac), PostEntry(1, ENTRY),
            ReadNode(NEW.mac), ReadEntry(NEW.mac), Post(2, 2, NEW.mac), ReadEntry(NEW.mac),
        )  # fmt: skip
    assert (seen, none) == (NodeState.SEEN, None)
    assert entered is NodeState.ENTERED
    assert shown == replace(ENTRY, row=NEW.row)
    assert shown.fits(ENTRY)
    assert removed is None


async def test_the_same_job_again_writes_nothing():
    async with with_a_new_meter() as running:
        *_, shown = await at_concentrator(
            running, PostEntry(1, ENTRY), PostEntry(1, replace(ENTRY, closure=0)),
            ReadEntry(NEW.mac),
        )  # fmt: skip
    assert shown.closure == ENTRY.closure


async def test_software_22_denies_an_entry_of_a_meter_it_has_not_seen():
    async with with_a_new_meter() as running:
        with pytest.raises(Refused, match="TB_ACK_103"):
            await at_concentrator(running, PostEntry(1, replace(ENTRY, mac=STRANGER)))


async def test_what_is_not_entered_is_not_recruited():
    async with with_a_new_meter() as running:
        with pytest.raises(Refused, match="TB_ACK_111"):
            await at_concentrator(running, Post(3, 1, NEW.mac))


@pytest.mark.parametrize(
    "change",
    [
        {"closure": 1}, {"profile": 1}, {"period": 15}, {"flags": 0}, {"measurands": ()},
        {"phase": 9}, {"serial": "X"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_an_entry_fits_only_what_was_ordered(change):
    assert not replace(ENTRY, row=5, **change).fits(ENTRY)


def test_a_chosen_row_and_the_order_of_measurands_do_not_matter():
    assert replace(ENTRY, row=5, measurands=ENTRY.measurands[::-1]).fits(ENTRY)
    assert not replace(ENTRY, row=5).fits(replace(ENTRY, row=6))


async def test_zone_and_recording_period_of_a_meter_are_set():
    async with field() as running:
        before, _, _, after = await performed(
            running, ReadMeterSetup(), SetMeterZone(180), SetProfilePeriod(60), ReadMeterSetup()
        )
    assert (before, after) == (MeterSetup(240, 15), MeterSetup(180, 60))


async def test_a_period_that_no_meter_knows_is_refused():
    async with field() as running:
        with pytest.raises(Refused):
            await performed(running, SetProfilePeriod(20))


async def test_a_slow_power_line_does_not_cost_the_connection_when_a_meter_is_left(monkeypatch):
    monkeypatch.setattr("devices.drivers.cosem.line.RELEASE_SECONDS", 0.01)
    slow = replace(OPTIONS, plc_factor=0.1)  # 0.03 to 0.3 s for an exchange
    async with field(slow) as running:
        session = await opened(running)
        async with session.meter(METER.mac, keys_of(METER)) as line:
            await line.perform(ReadMeterSetup())
        assert await session.perform(ReadNode(METER.mac)) is NodeState.COMMISSIONED
        await session.close()
