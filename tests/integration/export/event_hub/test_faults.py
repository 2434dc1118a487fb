"""What hubs, networks and kills do to a relay: nothing is lost, what comes again is the same."""

import gc
import random
import re
import time
from dataclasses import replace

import pytest
from django.db import connection

from devices.alarms import open_alarms
from devices.parameters import change
from integration.export.messages.routes import routes
from integration.export.sinks.event_hub import service
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.drain import drain_hubs
from integration.models import SinkCursor
from tests.integration.export.event_hub.conftest import FORGETFUL
from tests.integration.export.event_hub.serving import (
    cursor_of,
    events,
    first_ones,
    is_drained,
    received_lines,
    repeats,
    service_process,
    serving,
    stored_lines,
    wait_for,
)
from tests.integration.export.writers import lines, session, store

KILLS, PARTS = 12, 4
pytestmark = [
    FORGETFUL,
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),
]


def _in_order(messages):
    for arrived in first_ones(messages).values():
        numbers = [int(line.split(";")[5]) for line in arrived]
        assert numbers == sorted(numbers)


def _store_events(company, day, first, count, each=20):
    texts = (events(number, each) for number in range(first, first + count, each))
    store(company, day, *texts, kind="HPE")


def test_a_relay_and_a_hub_killed_at_random_lose_nothing_and_repeat_only_the_same(
    company, today, hub, access, impatient
):
    dice = random.Random(3)  # noqa: S311 - a repeatable course
    hub.faults(round_trip_ms=20)
    for kill in range(KILLS):
        with service_process(access, impatient):
            for part in range(PARTS):
                number = (kill * PARTS + part) * 200
                _store_events(company, today, number, 200, each=50)
                store(company, today, lines(number, 200))
                time.sleep(dice.random() * 0.6)
            if kill % 6 == 5:
                hub.restart()
                time.sleep(dice.random())
    drain_hubs(20, access, impatient)
    single, packed = hub.read("hes-hpe"), hub.read("hes-s")
    assert received_lines(single) == stored_lines(company, "HPE")
    assert received_lines(packed) == stored_lines(company, "S")
    assert len(stored_lines(company, "HPE")) == KILLS * PARTS * 200
    _in_order(single)
    assert cursor_of("HPE").owner_epoch > KILLS / 2, "the kills met working relays"
    assert repeats(single) + repeats(packed) < len(single) + len(packed)


def test_what_is_stored_without_acknowledgement_comes_again_as_it_was(
    company, today, hub, access, impatient
):
    hub.faults(store_without_ack_every=5)
    with serving(access, impatient):
        for first in range(0, 1_000, 100):
            _store_events(company, today, first, 100)
            time.sleep(0.3)
        wait_for(lambda: is_drained(company, "HPE"), seconds=20)
    messages = hub.read("hes-hpe")
    assert received_lines(messages) == stored_lines(company, "HPE")
    assert repeats(messages) > 0
    _in_order(messages)


def test_a_frozen_hub_is_left_and_entered_anew(company, today, hub, access, impatient):
    with serving(access, replace(impatient, open=2.5, send=2.5)):
        _store_events(company, today, 0, 100)
        wait_for(lambda: is_drained(company, "HPE"))
        hub.freeze()
        _store_events(company, today, 100, 100)
        wait_for(lambda: "no answer within 2.5 s" in cursor_of("HPE").last_error)
        hub.thaw()
        wait_for(lambda: is_drained(company, "HPE"))
        assert cursor_of("HPE").failing_since is None
    gc.collect()
    messages = hub.read("hes-hpe")
    assert received_lines(messages) == stored_lines(company, "HPE")
    repeats(messages)
    _in_order(messages)


def test_a_busy_hub_is_waited_for_with_an_alarm_until_it_takes_again(
    company, today, hub, access, impatient
):
    hub.faults(busy=True)
    _store_events(company, today, 0, 60)
    with serving(access, impatient):
        wait_for(lambda: open_alarms().filter(name="sink_failing", subject="hub/demo/HPE").exists())
        row = cursor_of("HPE")
        assert "busy" in row.last_error
        assert row.failing_since is not None
        hub.faults()
        wait_for(lambda: is_drained(company, "HPE"))
        wait_for(lambda: not open_alarms().exists())
    messages = hub.read("hes-hpe")
    assert received_lines(messages) == stored_lines(company, "HPE")
    assert repeats(messages) == 0
    assert cursor_of("HPE").last_error == ""


def test_a_wrong_key_is_told_without_the_key_and_loses_nothing(
    company, today, hub, access, impatient, caplog
):
    wrong = "d3JvbmdrZXl3cm9uZ2tleXdyb25na2V5d3Jvbmc="
    string = re.sub("SharedAccessKey=[^;]+", f"SharedAccessKey={wrong}", hub.connection_string)
    store(company, today, lines(1, 10))
    with caplog.at_level("DEBUG"), serving(Access(string), impatient):
        wait_for(lambda: (row := cursor_of("S")) and row.last_error)
    errors = cursor_of("S").last_error
    assert "401" in errors or "uthenti" in errors, errors
    for text in (errors, caplog.text):
        assert wrong not in text
        assert not re.search(r"sig=(?!\*\*\*)|SharedAccessKey=(?!\*\*\*)", text)
    assert drain_hubs(15, access, impatient) == {"hes-s": 10}


def test_an_unknown_hub_is_waited_for_until_somebody_makes_it_while_others_flow(
    company, today, hub, access, impatient
):
    store(company, today, "1;0;0;0;0;0;0;0;1;x;2026-06-10\n", kind="DC")
    _store_events(company, today, 0, 100)
    with serving(access, impatient):
        wait_for(lambda: is_drained(company, "HPE"))
        wait_for(lambda: "hes-dc: ConnectError" in cursor_of("DC").last_error)
        assert not is_drained(company, "DC")
        hub._arguments.append("--hub=hes-dc:2")
        hub.restart()
        wait_for(lambda: is_drained(company, "DC"))
    assert len(hub.read("hes-dc")) == 1


def test_a_resend_is_cut_as_it_was_begun_although_the_setting_has_changed(
    company, today, hub, access, impatient
):
    change(company, "hub_packing", "S=10")
    hub.faults(round_trip_ms=2_500)
    store(company, today, lines(1, 100))
    with service_process(access, impatient):
        wait_for(lambda: (row := cursor_of("S")) and row.sending_xid is not None)
        wait_for(lambda: hub.read("hes-s"))
    assert cursor_of("S").sending_xid is not None, "killed before it could finish"
    change(company, "hub_packing", "S=7:json")
    hub.faults()
    store(company, today, lines(101, 14))
    assert drain_hubs(15, access, impatient) == {"hes-s": 114}
    messages = hub.read("hes-s")
    assert [message.properties["lines"] for message in messages] == [10] * 20 + [7, 7]
    assert repeats(messages) == 10
    assert [message.content_type for message in messages[-2:]] == ["application/json"] * 2


def test_a_spare_takes_over_when_the_owner_dies(company, today, hub, access, impatient):
    with service_process(access, impatient) as first:
        store(company, today, lines(1, 5))
        wait_for(lambda: is_drained(company, "S"))
        with service_process(access, impatient):
            time.sleep(0.5)
            assert cursor_of("S").owner_epoch == 1, "the spare keeps off"
            first.kill()
            first.join()
            store(company, today, lines(6, 5))
            wait_for(lambda: is_drained(company, "S"))
            assert cursor_of("S").owner_epoch == 2
    messages = hub.read("hes-s")
    assert repeats(messages) == 0
    assert b"".join(message.body for message in messages).decode() == lines(1, 10)


def test_the_service_outlives_the_loss_of_its_database_session(
    company, today, hub, access, impatient
):
    with serving(access, impatient), session() as admin, admin.cursor() as cursor:
        store(company, today, lines(1, 5))
        wait_for(lambda: is_drained(company, "S"))
        for first in (6, 11, 16):
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> ALL(%s)"
                " AND usename = current_user AND datname = current_database()",
                [[admin.get_backend_pid(), connection.connection.info.backend_pid]],
            )
            admin.commit()
            store(company, today, lines(first, 5))
            wait_for(lambda: is_drained(company, "S"))
    assert received_lines(hub.read("hes-s")) == stored_lines(company, "S")


def test_a_disabled_sink_sends_nothing_until_it_is_enabled(company, today, hub, access, impatient):
    with serving(access, impatient):
        store(company, today, lines(1, 5))
        wait_for(lambda: is_drained(company, "S"))
        SinkCursor.objects.filter(sink="hub/demo/S").update(is_enabled=False)
        store(company, today, lines(6, 5))
        time.sleep(1)
        assert len(hub.read("hes-s")) == 1
        SinkCursor.objects.filter(sink="hub/demo/S").update(is_enabled=True)
        wait_for(lambda: is_drained(company, "S"))
    assert b"".join(message.body for message in hub.read("hes-s")).decode() == lines(1, 10)


def _is_alarmed(sink):
    return open_alarms().filter(name="sink_failing", subject=sink).exists()


def test_a_damaged_block_is_waited_before_and_told_of_while_others_flow(
    company, today, hub, access, impatient
):
    store(company, today, events(1, 2)[:-1], kind="HPE")  # ends within a line
    store(company, today, lines(1, 5))
    with serving(access, impatient):
        wait_for(lambda: is_drained(company, "S"))
        wait_for(lambda: _is_alarmed("hub/demo/HPE"))
        assert "have the owner look at that row" in cursor_of("HPE").last_error
    assert hub.read("hes-hpe") == []


def test_a_relay_that_meets_a_bug_is_told_of_and_begins_anew_while_others_flow(
    company, today, hub, access, impatient, monkeypatch
):
    sound = routes()
    broken = [
        replace(route, packing=None) if route.sink == "hub/demo/HPE" else route for route in sound
    ]
    monkeypatch.setattr(service, "routes", lambda: broken)
    _store_events(company, today, 0, 20)
    store(company, today, lines(1, 5))
    with serving(access, impatient):
        wait_for(lambda: is_drained(company, "S"))
        wait_for(lambda: _is_alarmed("hub/demo/HPE"))
        monkeypatch.setattr(service, "routes", lambda: sound)
        wait_for(lambda: is_drained(company, "HPE") and not _is_alarmed("hub/demo/HPE"))
    assert received_lines(hub.read("hes-hpe")) == stored_lines(company, "HPE")
