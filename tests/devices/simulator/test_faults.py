"""Each fault is seen on the wire as what it says."""

import asyncio
import json

import pytest

from devices.protocol import clock, events
from devices.protocol.apdu import Attribute
from devices.protocol.errors import GarbledError, ServiceError, StateError
from devices.protocol.obis import parse
from devices.protocol.objects import CLOCK
from devices.protocol.selective import ByRange
from devices.protocol.tables import TABLES
from devices.protocol.tables.base import CLOCK_SOURCE
from devices.simulator import faults
from devices.simulator.device import FieldOptions
from devices.simulator.population import Fleet
from devices.simulator.server import running_field
from tests.devices.simulator.client import Asker, connected, managed, management, of_meter

FLEET = Fleet.generate(seed=1, concentrators=2, meters=4)
BROKEN, SOUND = FLEET.concentrator(0), FLEET.concentrator(1)
NOW = 1_781_276_400  # 2026-06-12 15:00 UTC
STILL = FieldOptions(now=lambda: NOW, answer_share=1.0)
SERIAL = Attribute(1, parse("0.0.96.1.0"), 2)


def field_with(*installed):
    return running_field(FLEET, faults={BROKEN.serial: installed}, options=STILL, port_base=0)


async def sound_neighbour(field):
    async with managed(field, SOUND) as asker:
        assert await asker.get(SERIAL) == SOUND.serial.encode()


async def test_refuse_closes_the_port():
    async with field_with(faults.Refuse()) as field:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*field.endpoint(BROKEN.serial))
        await sound_neighbour(field)


async def test_hang_accepts_and_says_nothing():
    async with field_with(faults.Hang()) as field:
        reader, writer = await asyncio.open_connection(*field.endpoint(BROKEN.serial))
        asker = Asker(reader, writer, management(BROKEN.keys))
        writer.write(asker.connection.associate())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        writer.close()
        await sound_neighbour(field)


async def test_drip_sends_one_byte_at_a_time():
    async with field_with(faults.Drip(0.01)) as field:
        reader, writer = await asyncio.open_connection(*field.endpoint(BROKEN.serial))
        writer.write(Asker(reader, writer, management(BROKEN.keys)).connection.associate())
        pieces = [await asyncio.wait_for(reader.read(100), 1) for _ in range(10)]
        assert max(map(len, pieces)) <= 3
        writer.close()


async def test_flood_never_ends():
    async with field_with(faults.Flood()) as field:
        reader, writer = await asyncio.open_connection(*field.endpoint(BROKEN.serial))
        asker = Asker(reader, writer, management(BROKEN.keys))
        await asker.associate()
        writer.write(asker.connection.get(SERIAL))
        received = 0
        while received < 2_000_000:
            received += len(await asyncio.wait_for(reader.read(65_536), 1))
        writer.close()
        await sound_neighbour(field)


async def test_reset_in_block_breaks_a_long_answer_only():
    async with field_with(faults.ResetInBlock()) as field, managed(field, BROKEN) as asker:
        assert await asker.get(SERIAL) == BROKEN.serial.encode()
        with pytest.raises(ConnectionResetError):
            await asker.get(TABLES[2].buffer)


async def test_truncated_ends_before_the_frame_does():
    async with field_with(faults.Truncated()) as field, managed(field, BROKEN) as asker:
        asker.writer.write(asker.connection.get(SERIAL))
        raw = await asyncio.wait_for(asker.reader.read(), 1)
        assert int.from_bytes(raw[6:8], "big") == len(raw) - 8 + 3


async def test_oversize_claims_the_longest_frame():
    async with field_with(faults.Oversize()) as field, managed(field, BROKEN) as asker:
        asker.writer.write(asker.connection.get(SERIAL))
        raw = await asyncio.wait_for(asker.reader.read(1000), 1)
        assert raw[6:8] == b"\xff\xff"


async def test_a_wrong_tag_is_garbled():
    async with field_with(faults.WrongTag()) as field, managed(field, BROKEN) as asker:
        with pytest.raises(GarbledError):
            await asker.get(SERIAL)


async def test_a_wrong_key_fails_deciphering():
    async with field_with(faults.WrongKey()) as field:
        endpoint = field.endpoint(BROKEN.serial)
        async with connected(endpoint, management(BROKEN.keys)) as asker:
            event = await asker.associate()
        assert isinstance(event, events.ServerException)
        assert event.service is ServiceError.DECIPHERING_ERROR


async def test_a_replayed_counter_falls_between_sessions():
    async with field_with(faults.ReplayedCounter()) as field:
        counters = []
        for session in range(2):
            async with managed(field, BROKEN, counter=100 * session) as asker:
                await asker.get(SERIAL)
                counters.append(asker.connection.server_counter)
        assert counters[1] <= counters[0] < 100
        async with managed(field, SOUND) as asker:
            assert asker.connection.server_counter > 1_000_000_000


async def test_a_silent_node_is_answered_by_the_concentrator_and_leaves_the_tables():
    async with field_with(faults.SilentNode(2)) as field:
        silent, heard = BROKEN.meters[1], BROKEN.meters[0]
        async with managed(field, BROKEN) as asker:
            inner = Asker(asker.reader, asker.writer, of_meter(silent))
            event = await inner.associate()
            assert isinstance(event, events.NodeSilent)
            assert event.exception.state is StateError.SERVICE_UNKNOWN
            mac, code, _, delivered, _ = await asker.get(Attribute(1, parse("0.0.96.59.0"), 2))
            assert (mac, delivered) == (silent.mac, 0)
            assert code in (21, 40, 41, 42)
            rows = await asker.get(TABLES[4].buffer)
            assert {row[1] for row in rows} == {m.mac for m in BROKEN.meters} - {silent.mac}
            other = Asker(asker.reader, asker.writer, of_meter(heard))
            assert isinstance(await other.associate(), events.Associated)


async def test_a_drifting_clock_is_ahead():
    async with field_with(faults.ClockDrift(7200)) as field, managed(field, BROKEN) as asker:
        assert clock.decode(await asker.get(CLOCK.attribute(2))).utc == NOW + 7200


async def test_a_wrong_serial_is_shown():
    async with field_with(faults.WrongSerial()) as field, managed(field, BROKEN) as asker:
        shown = await asker.get(SERIAL)
        assert shown != BROKEN.serial.encode()
        assert len(shown) == 16


async def hour_rows(asker):
    """T2 rows of three hours that are wholly delivered, keys expanded for one meter."""
    begin = NOW - 12 * 3600
    window = ByRange(CLOCK_SOURCE, clock.encode(begin + 1, 240), clock.encode(begin + 10_800, 240))
    return await asker.get(TABLES[2].buffer, window)


async def test_gaps_leave_rows_out_and_the_next_row_gives_its_clock():
    async with field_with(faults.Gaps()) as field, managed(field, BROKEN) as asker:
        rows = await hour_rows(asker)
        assert len(rows) == 4 * 8
        given = [clock.decode(row[3]).utc for row in rows[:8] if row[3]]
        assert given[1] - given[0] == 8 * 900


async def test_bad_status_marks_rows_as_not_valid():
    async with field_with(faults.BadStatus()) as field, managed(field, BROKEN) as asker:
        rows = await hour_rows(asker)
        assert len(rows) == 4 * 12
        assert [row[4] for row in rows[:12] if row[4] is not None] == [0, 4, 0]


async def test_duplicate_rows_come_twice():
    async with field_with(faults.DuplicateRows()) as field, managed(field, BROKEN) as asker:
        rows = await hour_rows(asker)
        assert len(rows) == 4 * 24
        assert [row[5] for row in rows[:12]] == [row[5] for row in rows[12:24]]


async def test_a_duplicate_meter_stands_in_two_node_lists():
    async with field_with(faults.DuplicateMeter(3)) as field:
        async with managed(field, BROKEN) as asker:
            first = {row[0]: row[9] for row in await asker.get(TABLES[8].buffer)}
        async with managed(field, SOUND) as asker:
            second = {row[0]: row[9] for row in await asker.get(TABLES[8].buffer)}
        both = first.keys() & second.keys()
        assert both == {SOUND.meters[2].mac}
        assert first[both.pop()] == BROKEN.serial.encode()


def test_a_script_names_faults_by_serial(tmp_path):
    script = tmp_path / "faults.json"
    script.write_text(json.dumps({"A": {"clock_drift": 3600, "hang": None}, "B": {"drip": 0.5}}))
    found = faults.read_script(script)
    assert found == {
        "A": [faults.ClockDrift(3600), faults.Hang()],
        "B": [faults.Drip(0.5)],
    }
    assert found["B"][0].seconds == 0.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"A": {"nonsense": null}}', "there are bad_status, clock_drift"),
        ('{"A": {"hang": "long"}}', "write a number or null"),
        ('{"A": ["hang"]}', "write {serial: {fault"),
        ("{", "write {serial: {fault"),
    ],
)
def test_a_wrong_script_is_refused_with_the_cure(tmp_path, text, complaint):
    script = tmp_path / "faults.json"
    script.write_text(text)
    with pytest.raises(faults.BadScript, match=complaint):
        faults.read_script(script)


def test_every_registered_fault_can_be_installed_with_its_default():
    for name, kind in faults.FAULTS.items():
        assert kind().install, name
