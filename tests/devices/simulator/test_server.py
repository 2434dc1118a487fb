"""The simulated field over real sockets: sessions, tables, clock, gateway."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from devices.protocol import clock, events
from devices.protocol.apdu import Attribute
from devices.protocol.axdr import U32
from devices.protocol.errors import AssociationResult, DataAccess
from devices.protocol.obis import parse
from devices.protocol.objects import CLOCK, SAP_ASSIGNMENT, Register
from devices.protocol.selective import ByEntry, ByRange
from devices.protocol.tables import TABLES
from devices.protocol.tables.base import CLOCK_SOURCE, CYCLE, MAC
from devices.simulator import readings
from devices.simulator.device import FieldOptions
from devices.simulator.plc import level
from devices.simulator.population import Fleet
from devices.simulator.server import running_field
from tests.devices.simulator.client import Asker, connected, managed, management, of_meter, public

FLEET = Fleet.generate(seed=1, concentrators=3, meters=5)
FIRST, SECOND = FLEET.concentrator(0), FLEET.concentrator(1)
NOW = int(datetime(2026, 6, 12, 15, tzinfo=UTC).timestamp())
STILL = FieldOptions(now=lambda: NOW)


def data(name: str) -> Attribute:
    return Attribute(1, parse(name), 2)


@pytest.fixture
async def field():
    async with running_field(FLEET, options=STILL, port_base=0) as running:
        yield running


async def test_a_management_client_reads_who_the_concentrator_is(field):
    async with managed(field, FIRST) as asker:
        assert await asker.get(data("0.0.96.1.0")) == FIRST.serial.encode()
        assert await asker.get(data("0.0.96.1.1")) == FIRST.lv_address
        assert await asker.get(data("0.0.96.50.0")) == 22
        assert await asker.get(data("0.0.96.5.0")) == bytes.fromhex("04B01E")
        assert isinstance(await asker.release(), events.Released)


async def test_the_device_proves_itself_and_shows_its_title(field):
    settings = management(FIRST.keys)
    async with connected(field.endpoint(FIRST.serial), settings) as asker:
        event = await asker.associate()
        assert isinstance(event, events.Associated)
        assert event.server_title == FIRST.system_title


async def test_a_public_client_reads_identity_and_clock_and_nothing_else(field):
    async with connected(field.endpoint(FIRST.serial), public()) as asker:
        assert isinstance(await asker.associate(), events.Associated)
        assert await asker.get(data("0.0.96.1.0")) == FIRST.serial.encode()
        assert await asker.get(SAP_ASSIGNMENT.attribute(2)) == [(1, FIRST.serial.encode())]
        assert clock.decode(await asker.get(CLOCK.attribute(2))).utc == NOW
        for secret in (data("0.0.96.52.0"), TABLES[1].buffer, data("0.0.96.99.0")):
            refusal = await asker.get(secret)
            assert refusal == events.DataError(DataAccess.READ_WRITE_DENIED)
        result = await asker.set(CLOCK.attribute(2), clock.encode(NOW, 240))
        assert result == events.Result(DataAccess.READ_WRITE_DENIED)


async def test_unknown_objects_and_wrong_selections_are_refused_by_number(field):
    async with managed(field, FIRST) as asker:
        assert await asker.get(data("0.0.96.99.0")) == events.DataError(DataAccess.OBJECT_UNDEFINED)
        period = ByRange(TABLES[2].columns[2].source, U32(1), U32(2))
        refusal = await asker.get(TABLES[2].buffer, period)
        assert refusal == events.DataError(DataAccess.TYPE_UNMATCHED)
        wrong = ByRange(CYCLE.source, b"\0" * 12, b"\0" * 12)
        refusal = await asker.get(TABLES[2].buffer, wrong)
        assert refusal == events.DataError(DataAccess.TYPE_UNMATCHED)


async def test_the_table_state_tells_the_last_finished_cycles(field):
    async with managed(field, FIRST) as asker:
        states = {row[0]: row for row in await asker.get(data("0.0.96.52.0"))}
    assert sorted(states) == [1, 2, 3, 4, 5, 6, 7]
    _, cycle, oldest, finished, asked, answered, rows, running = states[2]
    assert cycle == (NOW - 1_577_836_800) // 21_600
    assert clock.decode(finished).utc == 1_577_836_800 + cycle * 21_600 <= NOW
    assert cycle - oldest == 39
    assert asked == 5 >= answered
    assert rows >= 24 * answered
    assert running is True


async def test_every_table_answers_with_rows_of_its_own_width(field):
    async with managed(field, FIRST) as asker:
        for table in TABLES.values():
            columns = await asker.get(table.capture_objects)
            assert len(columns) == len(table.columns)
            rows = await asker.get(table.buffer)
            assert rows
            assert {len(row) for row in rows} == {len(table.columns)}


async def test_a_long_table_comes_in_blocks_and_by_entry_in_parts(field):
    async with managed(field, FIRST) as asker:
        whole = await asker.get(TABLES[2].buffer)
        count = await asker.get(Attribute(7, TABLES[2].buffer.name, 7))
        assert len(whole) == count > 2000
        part = await asker.get(TABLES[2].buffer, ByEntry(11, 30))
        assert [row[5:] for row in part] == [row[5:] for row in whole[10:30]]
        assert None not in part[0][:5]
        tail = await asker.get(TABLES[2].buffer, ByEntry(count - 4, 0))
        assert len(tail) == 5


async def test_rows_of_one_meter_can_be_asked_for(field):
    meter = FIRST.meters[2]
    async with managed(field, FIRST) as asker:
        rows = await asker.get(TABLES[1].buffer, ByRange(MAC.source, meter.mac, meter.mac))
        nodes = await asker.get(TABLES[8].buffer, ByRange(MAC.source, meter.mac, meter.mac))
    assert {row[1] for row in rows} == {meter.mac, None}
    assert [node[1] for node in nodes] == [meter.serial.encode()]


async def test_the_clock_can_be_set_and_keeps_its_drift(field):
    async with managed(field, FIRST) as asker:
        result = await asker.set(CLOCK.attribute(2), clock.encode(NOW + 90, 240))
        assert result == events.Result(DataAccess.SUCCESS)
        assert clock.decode(await asker.get(CLOCK.attribute(2))).utc == NOW + 90
        wrong = await asker.set(CLOCK.attribute(2), U32(1))
        assert wrong == events.Result(DataAccess.TYPE_UNMATCHED)
    async with managed(field, SECOND) as other:
        assert clock.decode(await other.get(CLOCK.attribute(2))).utc == NOW


async def test_the_daylight_saving_table_names_the_chilean_changes_and_can_be_replaced(field):
    table = data("0.0.96.57.0")
    begin = clock.encode(int(datetime(2026, 9, 6, 4, tzinfo=UTC).timestamp()), 180, 0x80)
    async with managed(field, FIRST) as asker:
        pairs = await asker.get(table)
        assert pairs[0][0] == begin
        assert await asker.set(table, pairs[:1]) == events.Result(DataAccess.SUCCESS)
        assert await asker.get(table) == pairs[:1]
        refused = await asker.set(table, [U32(1)])
        assert refused == events.Result(DataAccess.TYPE_UNMATCHED)


async def test_a_second_session_is_refused_as_busy_and_served_after_the_first(field):
    async with managed(field, FIRST) as first:
        async with connected(field.endpoint(FIRST.serial), public()) as second:
            event = await second.associate()
            assert isinstance(event, events.AssociationRejected)
            assert event.result is AssociationResult.REJECTED_TRANSIENT
        assert await first.get(data("0.0.96.50.0")) == 22
    async with managed(field, FIRST, counter=100):
        pass


async def test_a_connection_that_is_silent_too_long_is_given_up():
    options = FieldOptions(idle_limit=0.05)
    async with running_field(FLEET, options=options, port_base=0) as field:
        reader, writer = await asyncio.open_connection(*field.endpoint(FIRST.serial))
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


async def test_a_meter_is_read_through_the_gateway_with_its_own_keys(field):
    meter = FIRST.meters[0]
    async with managed(field, FIRST) as outer:
        inner = Asker(outer.reader, outer.writer, of_meter(meter))
        assert isinstance(await inner.associate(), events.Associated)
        assert await inner.get(data("0.0.96.1.1")) == meter.mac
        total = Register.at("1.0.1.8.0")
        expected = readings.register(1, meter.serial, 0, 0, NOW)
        assert await inner.get(total.attribute(2)) == expected
        assert await inner.get(total.attribute(3)) == (0, 30)
        tariffs = [await inner.get(Register.at(f"1.0.1.8.{t}").attribute(2)) for t in range(1, 7)]
        assert sum(tariffs) == expected
        assert isinstance(await inner.release(), events.Released)
        result = await outer.get(data("0.0.96.59.0"))
        assert result == (meter.mac, 0, level(1, meter), 1, clock.encode(NOW, 240))


async def test_meters_follow_one_another_and_never_share_an_association(field):
    async with managed(field, FIRST) as outer:
        for meter in FIRST.meters:
            inner = Asker(outer.reader, outer.writer, of_meter(meter))
            assert isinstance(await inner.associate(), events.Associated)
            assert await inner.get(data("0.0.96.1.0")) == meter.serial.encode()
            assert isinstance(await inner.release(), events.Released)


async def test_the_profile_of_the_meter_holds_what_the_concentrators_table_holds(field):
    meter = FIRST.meters[-1]
    begin = NOW - NOW % 86_400
    window = ByRange(CLOCK_SOURCE, clock.encode(begin + 1, 240), clock.encode(begin + 7200, 240))
    async with managed(field, FIRST) as outer:
        inner = Asker(outer.reader, outer.writer, of_meter(meter))
        await inner.associate()
        profile = Attribute(7, parse("1.0.99.1.0"), 2)
        rows = await inner.get(profile, window)
        assert [clock.decode(row[0]).utc for row in rows] == [
            begin + 900 * quarter for quarter in range(1, 9)
        ]
        assert [row[2] for row in rows] == list(
            readings.profile(1, meter.serial, 0, begin + 900, 8)
        )
        assert rows[0][6:] == (None, None)
        for name in ("1.0.99.2.0", "0.0.98.1.0", "1.0.99.14.0", "0.0.99.98.0"):
            columns = await inner.get(Attribute(7, parse(name), 3))
            for row in await inner.get(Attribute(7, parse(name), 2)):
                assert len(row) == len(columns)
        maximum = Attribute(4, parse("1.0.1.6.0"), 2)
        assert await inner.get(maximum) >= 4 * max(row[2] for row in rows)


async def test_two_thousand_concentrators_open_quickly_and_answer():
    fleet = Fleet.generate(seed=1, concentrators=2000, meters=25)
    begin = time.monotonic()
    async with running_field(fleet) as field:
        assert time.monotonic() - begin < 5
        assert len(set(field.endpoints.values())) == 2000
        last = fleet.concentrator(1999)
        async with managed(field, last) as asker:
            assert await asker.get(data("0.0.96.1.0")) == last.serial.encode()


async def test_addresses_that_cannot_be_bound_give_way_to_ports():
    async with running_field(FLEET, pattern="203.0.113.{b}") as field:
        assert {host for host, _ in field.endpoints.values()} == {"127.0.0.1"}
        async with managed(field, FIRST) as asker:
            assert await asker.get(data("0.0.96.50.0")) == 22
