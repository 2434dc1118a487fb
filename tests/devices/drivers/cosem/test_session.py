"""A whole conversation with a concentrator on a real socket."""

import time

import pytest

from devices.drivers.base import Cycles, DstPeriod, Period, Refused, Table, TableState, Whole
from devices.drivers.cosem.driver import CosemDriver
from devices.drivers.registry import driver
from devices.protocol import clock
from devices.protocol.axdr import U8
from devices.protocol.errors import DataAccess
from devices.protocol.objects import CLOCK
from devices.protocol.tables import DAILY_CLOSURE, LOAD_PROFILE, NODE_LIST
from devices.session.errors import RequestTooLong
from tests.devices.drivers.cosem.device import (
    SERVER_TITLE,
    Device,
    columns_of,
    credentials,
    patient,
    serving,
    value_of,
)
from tests.devices.drivers.cosem.rows import MAC, OTHER, T0, following, keyed

TIME = CLOCK.attribute(2)
DST_TABLE = value_of("0.0.96.57.0")
CYCLE_420 = Cycles(420, 420)


def profile_of(*macs: bytes, intervals: int = 24) -> list:
    return [
        row
        for mac in macs
        for row in (keyed(T0, 0, mac=mac), *(following(n) for n in range(1, intervals)))
    ]


async def collected(session, table=Table.LOAD_PROFILE, window=CYCLE_420) -> list:
    return [batch async for batch in session.collect(table, window)]


def test_the_driver_is_found_by_its_name():
    assert driver("cosem").tables == frozenset(Table)
    with pytest.raises(KeyError, match="known are cosem"):
        driver("smitp")


async def test_a_visit_associates_identifies_collects_and_releases():
    device = Device({LOAD_PROFILE.buffer: profile_of(MAC, OTHER)})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        identity = await session.identify()
        (batch,) = await collected(session)
        await session.close()
    assert (identity.serial_number, identity.software_number) == ("20LVM50A10006010", 5)
    assert identity.tables == {
        duty: TableState(duty, 420, 1, 1, False) for duty in (Table.CLOSURES, Table.LOAD_PROFILE)
    }
    assert batch.seen == {MAC, OTHER}
    assert [record.count for record in batch.records] == [24, 24]
    assert session.server_title == SERVER_TITLE
    assert session.server_counter > 0
    assert session.exchanges == device.requests == 6  # AARQ, pass 3, identity, columns, rows, RLRQ
    assert session.received_bytes > 0


async def test_a_known_concentrator_is_accepted_again_with_its_title_and_risen_counter():
    device = Device()
    async with serving(device) as endpoint:
        first = await CosemDriver().open(endpoint, credentials(), patient())
        await first.close()
        device.server_counter = first.server_counter + 1
        known = credentials(
            start=100, server_title=first.server_title, server_counter=first.server_counter
        )
        second = await CosemDriver().open(endpoint, known, patient())
        await second.close()
    assert second.server_counter > first.server_counter
    assert known.server_title == SERVER_TITLE


async def test_a_long_table_comes_in_blocks_and_leaves_in_bounded_batches():
    macs = [number.to_bytes(6, "big") for number in range(250)]
    device = Device({LOAD_PROFILE.buffer: profile_of(*macs)})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        batches = await collected(session)
        await session.close()
    assert device.requests > 8
    assert [len(batch.seen) for batch in batches] == [100, 100, 50]
    assert [record.mac for batch in batches for record in batch.records] == macs


async def test_columns_are_asked_for_once_per_software_number_and_table():
    device, driver_ = Device(), CosemDriver()
    async with serving(device) as endpoint:
        for start in (0, 1000):
            session = await driver_.open(endpoint, credentials(start=start), patient())
            await collected(session)
            await collected(session, Table.NODES, Whole())
            await session.close()
        device.objects[value_of("0.0.96.50.0")] = U8(6)
        session = await driver_.open(endpoint, credentials(start=2000), patient())
        await collected(session)
        await session.close()
    asked = [attribute for attribute, _ in device.asked]
    assert asked.count(LOAD_PROFILE.capture_objects) == 2
    assert asked.count(NODE_LIST.capture_objects) == 1


async def test_a_table_that_lacks_a_needed_column_is_refused():
    device = Device({LOAD_PROFILE.capture_objects: columns_of(2)[:-1]})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        with pytest.raises(Refused, match="TB_ACK_198"):
            await collected(session)
        assert await collected(session, Table.CLOSURES) == []
        await session.close()


async def test_windows_travel_as_ranges_and_many_cycles_in_several_gets():
    device = Device()
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        await collected(session, Table.CLOSURES, Cycles(1, 17))
        await collected(session, Table.CLOSURES, Period(T0, T0 + 2 * 86_400))
        await session.close()
    asked = [how for attribute, how in device.asked if attribute == DAILY_CLOSURE.buffer]
    assert [(how.start, how.end) for how in asked[:3]] == [(1, 8), (9, 16), (17, 17)]
    assert len(asked) == 6


async def test_the_clock_is_read_beside_ours_and_set_to_local_time():
    ahead = 100
    device = Device({TIME: lambda _: clock.encode(int(time.time()) + ahead, 180, 0x80)})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        reading = await session.read_clock()
        await session.set_clock(-180)
        await session.close()
    assert ahead - 1.5 < reading.drift < ahead + 0.5
    assert (reading.deviation, reading.status) == (180, 0x80)
    ((attribute, raw),) = device.written
    assert attribute == TIME
    assert abs(clock.decode(raw).utc - time.time()) < 2
    assert clock.decode(raw).deviation == 180


async def test_half_of_a_slow_exchange_is_taken_off():
    device = Device({TIME: lambda _: (time.sleep(0.2), clock.encode(int(time.time()), 180))[1]})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient(exchange=1))
        before = time.time()
        reading = await session.read_clock()
        await session.close()
    assert 0.08 < reading.ours - before < 0.16


async def test_the_dst_table_is_read_and_written():
    period = DstPeriod(1_788_667_200, 1_806_807_600)
    device = Device()
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        await session.set_dst((period,))
        device.objects[DST_TABLE] = device.written[0][1]
        assert await session.read_dst() == (period,)
        await session.close()
    assert device.written[0][0] == DST_TABLE


async def test_the_status_word_is_three_raw_bytes():
    device = Device({value_of("0.0.96.5.0"): bytes.fromhex("04B01E")})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        assert await session.status_word() == b"\x04\xb0\x1e"
        await session.close()


@pytest.mark.parametrize("failures", [1, 2])
async def test_a_temporary_failure_is_asked_twice_more(failures):
    answers = [DataAccess.TEMPORARY_FAILURE] * failures + [b"\0\0\0"]
    device = Device({value_of("0.0.96.5.0"): lambda _: answers.pop(0)})
    async with serving(device) as endpoint:
        session = await CosemDriver(pause=0.01).open(endpoint, credentials(), patient())
        assert await session.status_word() == b"\0\0\0"
        await session.close()


async def test_a_lasting_temporary_failure_is_refused_and_the_session_goes_on():
    device = Device({value_of("0.0.96.5.0"): DataAccess.TEMPORARY_FAILURE})
    async with serving(device) as endpoint:
        session = await CosemDriver(pause=0.01).open(endpoint, credentials(), patient())
        with pytest.raises(Refused, match="TB_ACK_102"):
            await session.status_word()
        assert (await session.identify()).software_number == 5
        await session.close()
    asked = [attribute for attribute, _ in device.asked]
    assert asked.count(value_of("0.0.96.5.0")) == 3


async def test_a_list_that_is_too_long_is_asked_for_one_by_one():
    too_long = b"\xd8\x01\x04"

    def twist(number, request, answer):
        return request.framed(too_long) if number == 3 else answer

    device = Device(twist=twist)
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        assert (await session.identify()).serial_number == "20LVM50A10006010"
        await session.close()
    assert issubclass(RequestTooLong, Refused)


async def test_a_lost_association_is_opened_again_once():
    lost = b"\xd8\x01\x01"

    def twist(number, request, answer):
        return request.framed(lost) if number == 3 else answer

    device = Device(twist=twist)
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        assert (await session.identify()).software_number == 5
        await session.close()
    assert device.connections == 1


async def test_a_collection_may_be_abandoned_between_two_blocks():
    macs = [number.to_bytes(6, "big") for number in range(250)]
    device = Device({LOAD_PROFILE.buffer: profile_of(*macs), value_of("0.0.96.5.0"): b"\0\0\1"})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        async for _ in session.collect(Table.LOAD_PROFILE, Cycles(420, 420)):
            break
        assert await session.status_word() == b"\0\0\1"
        await session.close()


async def test_a_refused_part_of_the_identity_is_refused():
    device = Device({value_of("0.0.96.50.0"): DataAccess.READ_WRITE_DENIED})
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        with pytest.raises(Refused, match="TB_ACK_103"):
            await session.identify()
        await session.close()


async def test_a_clock_that_may_not_be_set_is_refused(monkeypatch):
    device = Device()
    monkeypatch.setattr(device, "set", lambda *_: DataAccess.READ_WRITE_DENIED)
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        with pytest.raises(Refused, match="TB_ACK_103"):
            await session.set_clock(-180)
        await session.close()
