"""The calm case: every line once, in order, where it belongs, in the form that was wished for."""

import json
import uuid
import zlib

import pytest
from django.db import connection

from devices.models import Company
from devices.parameters import change
from integration.export.messages.packing import partition_of
from integration.export.sinks.event_hub.drain import drain_hubs
from tests.integration.export.event_hub.conftest import PARTITIONS
from tests.integration.export.event_hub.serving import (
    cursor_of,
    events,
    first_ones,
    is_drained,
    received_lines,
    repeats,
    serving,
    stored_lines,
    wait_for,
)
from tests.integration.export.writers import insert, lines, session, store


def test_each_line_of_a_packed_kind_arrives_once_and_in_order(
    company, today, hub, access, impatient
):
    texts = [lines(1, 3), lines(4, 4_000), lines(4_004, 1), lines(4_005, 6_000)]
    store(company, today, *texts)
    assert drain_hubs(15, access, impatient) == {"hes-s": 10_004}
    messages = hub.read("hes-s")
    assert b"".join(message.body for message in messages).decode() == "".join(texts)
    assert len({message.partition for message in messages}) == 1, "one key, one partition"
    assert max(len(message.body) for message in messages) <= 56_000
    row = cursor_of("S")
    assert (row.lines, row.bytes) == (10_004, len("".join(texts)))
    assert (row.messages, row.sending_xid, row.last_error) == (len(messages), None, "")
    (uid, _), *_ = stored_lines(company, "S")
    assert messages[0].message_id == f"{uid}:0+3"
    assert messages[0].content_type == "text/csv"
    assert messages[0].properties == {
        "kind": "S",
        "company": "demo",
        "day": today.isoformat(),
        "schema": 1,
        "lines": 3,
        "dedup_id": f"{uid}:0+3",
        "utc_offset": 0,
    }


def test_single_events_keep_the_order_of_each_device_and_its_partition(
    company, today, hub, access, impatient
):
    store(company, today, *(events(first, 30) for first in range(0, 900, 30)), kind="HPE")
    drain_hubs(15, access, impatient)
    messages = hub.read("hes-hpe")
    assert len(messages) == 900
    assert repeats(messages) == 0
    for message in messages:
        assert message.partition == partition_of(message.body.decode().split(";")[1], PARTITIONS)
    assert {message.partition for message in messages} == set(range(PARTITIONS))
    for arrived in first_ones(messages).values():
        numbers = [int(line.split(";")[5]) for line in arrived]
        assert numbers == sorted(numbers)
    assert received_lines(messages) == stored_lines(company, "HPE")


def test_companies_have_hubs_and_packings_of_their_own(company, today, hub, access, impatient):
    bob = Company.objects.create(name="Bob", code="bob", time_zone="UTC")
    change(bob, "hub_packing", "S=7:json")
    change(company, "hub_packing", "HPE=10:csv")
    store(company, today, lines(1, 10))
    store(company, today, events(1, 30, serials=1), kind="HPE")
    store(bob, today, lines(500, 30))
    assert drain_hubs(15, access, impatient) == {"hes-s": 10, "hes-bob-s": 30, "hes-hpe": 30}
    assert received_lines(hub.read("hes-s")) == stored_lines(company, "S")
    bobs = hub.read("hes-bob-s")
    assert {message.properties["company"] for message in bobs} == {"bob"}
    assert [message.properties["lines"] for message in bobs] == [7, 7, 7, 7, 2]
    assert {message.content_type for message in bobs} == {"application/json"}
    assert [item["serialnumber"] for message in bobs for item in json.loads(message.body)] == [
        line.split(";")[0] for line in stored_lines(bob, "S").values()
    ]
    assert [message.properties["lines"] for message in hub.read("hes-hpe")] == [10, 10, 10]


def test_the_concentrator_chooses_the_partition_of_packed_kinds(
    company, today, hub, access, impatient
):
    for concentrator in range(1, 9):
        _store_of(company, today, concentrator, lines(concentrator * 100, 5))
    drain_hubs(15, access, impatient)
    for message in hub.read("hes-s"):
        concentrator = int(message.body[:11]) // 100
        assert message.partition == zlib.crc32(b"%d" % concentrator) % PARTITIONS


def _store_of(company, day, concentrator, text):
    with session() as writer, writer.cursor() as cursor:
        cursor.execute(
            "INSERT INTO export_block (uid, kind, company_id, day, concentrator_id, lines, size,"
            " is_compressed, body, devices, line_starts)"
            " VALUES (%s, 'S', %s, %s, %s, %s, %s, false, %s, '{1}', '{0}')",
            [str(uuid.uuid4()), company.pk, day, concentrator, text.count("\n"), len(text), text],
        )
        writer.commit()


def test_an_older_transaction_holds_the_stream_back_and_is_not_skipped(
    company, today, hub, access, impatient
):
    with session() as slow, serving(access, impatient):
        insert(slow, company, today, lines(1, 5))
        store(company, today, lines(6, 5))
        wait_for(lambda: cursor_of("S") is not None)
        with pytest.raises(AssertionError):
            wait_for(lambda: hub.read("hes-s"), seconds=1.5)
        slow.commit()
        wait_for(lambda: is_drained(company, "S"))
    assert b"".join(message.body for message in hub.read("hes-s")).decode() == lines(1, 10)


def test_a_new_company_and_a_new_packing_are_followed(company, today, hub, access, impatient):
    with serving(access, impatient):
        store(company, today, lines(1, 10))
        wait_for(lambda: is_drained(company, "S"))
        change(company, "hub_packing", "S=5")
        bob = Company.objects.create(name="Bob", code="bob", time_zone="UTC")
        store(bob, today, lines(1, 3))
        wait_for(lambda: is_drained(bob, "S"))
        store(company, today, lines(11, 10))
        wait_for(lambda: is_drained(company, "S"), seconds=1.0)
    counts = [message.properties["lines"] for message in hub.read("hes-s")]
    assert counts == [10, 5, 5]


def _other_sessions():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return cursor.fetchone()[0]


def test_the_service_leaves_no_database_session_behind(company, today, access, impatient):
    with serving(access, impatient):
        wait_for(lambda: cursor_of("S") is not None)
    wait_for(lambda: _other_sessions() == 0)
