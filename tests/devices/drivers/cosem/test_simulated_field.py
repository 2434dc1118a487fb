"""The driver against the simulated field: what it decodes is what the field is made of."""

import asyncio
from collections import defaultdict
from datetime import date

import pytest

from devices.drivers.base import (
    Contact,
    Cycles,
    Endpoint,
    FieldError,
    Garbled,
    Locked,
    NodeSilent,
    Period,
    Table,
    Timeout,
    Unreachable,
    Whole,
)
from devices.drivers.cosem.driver import CosemDriver
from devices.protocol.objects import Register
from devices.simulator import measurands, readings
from devices.simulator.device import FieldOptions
from devices.simulator.entries import default_entry
from devices.simulator.faults import FAULTS
from devices.simulator.population import Concentrator
from devices.simulator.server import RunningField
from hes.domain.energies import ENERGIES
from hes.domain.records import AlarmWord, LoadProfileRun, MeasurandRun, Node, Repeater
from hes.domain.time import local_day, offset_at
from tests.devices.drivers.cosem.device import SANTIAGO, patient
from tests.devices.drivers.cosem.simulated import (
    COMPACT,
    FIRST,
    METERS,
    NOW,
    OPTIONS,
    SECOND,
    SEED,
    field,
    keys_of,
    opened,
)

DAY = date(2026, 6, 9)
BEGIN, END = local_day(DAY, SANTIAGO)
WINDOW = Period(BEGIN + 1, END)


async def collected(table: Table, window=WINDOW, options: FieldOptions = OPTIONS) -> list:
    async with field(options) as running:
        session = await opened(running)
        batches = [batch async for batch in session.collect(table, window)]
        await session.close()
    return [record for batch in batches for record in batch.records]


@pytest.mark.parametrize("options", [OPTIONS, COMPACT], ids=["rows", "compact"])
async def test_a_day_of_load_profile_equals_the_pure_readings(options):
    values = defaultdict(dict)
    for run in await collected(Table.LOAD_PROFILE, options=options):
        assert isinstance(run, LoadProfileRun)
        assert run.offset == offset_at(SANTIAGO, run.first_end)
        for channel, cells in enumerate(run.channels):
            for number, value in enumerate(cells or ()):
                values[run.mac, channel][run.first_end + 900 * number] = value
    expected = {
        (meter.mac, channel): {
            BEGIN + 900 * n: readings.load_profile(SEED, meter.serial, channel, BEGIN + 900 * n)
            for n in range(1, 97)
        }
        for meter in FIRST.meters
        for channel in default_entry(meter.serial).profile
    }
    assert values == expected


@pytest.mark.parametrize("options", [OPTIONS, COMPACT], ids=["rows", "compact"])
async def test_closures_equal_the_pure_registers(options):
    closures = {
        (record.mac, record.energy): (record.at, record.total, record.tariffs)
        for record in await collected(Table.CLOSURES, options=options)
    }
    expected = {}
    for meter in FIRST.meters:
        for channel in default_entry(meter.serial).closure:
            tariffs = readings.registers(SEED, meter.serial, channel, END)
            expected[meter.mac, ENERGIES[channel].code] = (END, sum(tariffs), tariffs)
    assert closures == expected


@pytest.mark.parametrize("options", [OPTIONS, COMPACT], ids=["rows", "compact"])
async def test_measurands_equal_the_pure_quantities(options):
    values = {}
    for run in await collected(Table.MEASURANDS, options=options):
        assert isinstance(run, MeasurandRun)
        for number, value in enumerate(run.values):
            end = run.first_end + 60 * run.period * number
            values[run.mac, run.register, run.value_type, end] = value
    expected = {
        (meter.mac, each.register, each.kind, end): measurands.value(
            SEED, meter.serial, each.register, each.kind, end
        )
        for meter in FIRST.meters
        for each in default_entry(meter.serial).measurands
        for end in range(BEGIN + 60 * each.period, END + 1, 60 * each.period)
    }
    assert values == expected


async def test_cycles_give_each_meter_of_the_cycle_and_stamp_its_records():
    async with field() as running:
        session = await opened(running)
        identity = await session.identify()
        finished = identity.tables[Table.LOAD_PROFILE].finished
        batches = [
            batch
            async for batch in session.collect(Table.LOAD_PROFILE, Cycles(finished - 9, finished))
        ]
        await session.close()
    assert identity.serial_number == FIRST.serial
    assert set().union(*(batch.seen for batch in batches)) == {m.mac for m in FIRST.meters}
    cycles = {record.cycle for batch in batches for record in batch.records}
    assert cycles == set(range(finished - 9, finished + 1))


@pytest.mark.parametrize(
    ("table", "kind"),
    [(Table.NODES, Node), (Table.REPEATERS, Repeater)],
)
async def test_snapshots_list_every_meter_once(table, kind):
    records = await collected(table, Whole())
    assert {type(record) for record in records} == {kind}
    assert sorted(record.mac for record in records) == sorted(m.mac for m in FIRST.meters)


@pytest.mark.parametrize(
    "table", [Table.CURRENT_DATA, Table.INTERRUPTION_COUNTERS, Table.VOLTAGE_VARIATION]
)
async def test_the_other_tables_are_read_whole(table):
    records = await collected(table, Whole())
    assert {record.mac for record in records} == {meter.mac for meter in FIRST.meters}


async def test_status_words_come_with_every_cycle():
    records = await collected(Table.STATUS_AND_EVENTS)
    words = [record for record in records if isinstance(record, AlarmWord)]
    assert {record.mac for record in words} == {meter.mac for meter in FIRST.meters}


async def test_clock_daylight_saving_and_status_word_of_a_concentrator():
    live = FieldOptions()
    drifted = {FIRST.serial: [FAULTS["clock_drift"](300)]}
    async with field(live, drifted) as running:
        session = await opened(running)
        reading = await session.read_clock()
        await session.set_clock(offset_at(SANTIAGO, int(reading.ours)))
        corrected = await session.read_clock()
        periods = await session.read_dst()
        await session.set_dst(periods)
        assert await session.read_dst() == periods
        assert len(await session.status_word()) == 3
        await session.close()
    assert 297 < reading.drift < 302
    assert abs(corrected.drift) < 2
    assert all(period.begin < period.end for period in periods)


async def test_a_meter_is_read_through_the_gateway_and_agrees_with_the_tables():
    meter = FIRST.meters[0]
    energy = Register.at("1.0.1.8.0").attribute(Register.VALUE)
    async with field() as running:
        session = await opened(running)
        async with session.meter(meter.mac, keys_of(meter)) as found:
            value = await found.get(energy)
            assert found.server_title == meter.system_title
        assert (await session.identify()).serial_number == FIRST.serial
        await session.close()
    assert value == readings.register(SEED, meter.serial, 0, 0, NOW)


async def test_a_silent_meter_names_its_code():
    meter = FIRST.meters[2]
    silent = {FIRST.serial: [FAULTS["silent_node"](3)]}
    async with field(faults=silent) as running:
        session = await opened(running)
        with pytest.raises(NodeSilent) as raised:
            async with session.meter(meter.mac, keys_of(meter)):
                raise AssertionError("nobody answers")
        await session.close()
    assert raised.value.code in (21, 40, 41, 42)
    assert f"[TB_ACK_{raised.value.code}]" in raised.value.text


@pytest.mark.parametrize(
    ("fault", "kind", "contact"),
    [
        ("refuse", Unreachable, Contact.MISSED),
        ("hang", Unreachable, Contact.MISSED),
        ("drip", Unreachable, Contact.MISSED),
        ("flood", Garbled, Contact.MADE),
        ("reset_in_block", Timeout, Contact.UNKNOWN),
        ("truncated", Timeout, Contact.UNKNOWN),
        ("oversize", Garbled, Contact.MADE),
        ("wrong_tag", Garbled, Contact.MADE),
        ("wrong_key", Locked, Contact.MADE),
    ],
)
async def test_a_fault_ends_in_its_error_and_the_neighbour_is_untouched(fault, kind, contact):
    async def visit(running: RunningField, concentrator: Concentrator) -> int:
        limits = {"exchange": 1.0, "visit": 4.0} if concentrator is FIRST else {}
        session = await opened(running, concentrator, **limits)
        try:
            await session.identify()
            batches = [batch async for batch in session.collect(Table.LOAD_PROFILE, WINDOW)]
        finally:
            await session.close()
        return len(batches[0].seen)

    async with field(faults={FIRST.serial: [FAULTS[fault]()]}) as running:
        harmed, neighbour = await asyncio.gather(
            visit(running, FIRST), visit(running, SECOND), return_exceptions=True
        )
    assert isinstance(harmed, kind)
    assert isinstance(harmed, FieldError)
    assert harmed.contact is contact
    assert neighbour == METERS


async def test_a_replayed_counter_locks_at_the_next_visit():
    async with field(faults={FIRST.serial: [FAULTS["replayed_counter"]()]}) as running:
        first = await opened(running)
        await first.close()
        known = keys_of(FIRST, first.server_title)
        known.server_counter = first.server_counter
        endpoint = Endpoint(*running.endpoint(FIRST.serial), SANTIAGO)
        with pytest.raises(Locked, match="TB_ACK_194"):
            await CosemDriver().open(endpoint, known, patient())


async def test_a_concentrator_that_is_busy_with_another_says_so():
    async with field() as running:
        first = await opened(running)
        with pytest.raises(Unreachable, match="TB_ACK_193") as raised:
            await opened(running)
        await first.close()
    assert raised.value.contact is Contact.MADE
