"""What people, programs and scrapers are told of the listeners."""

import json
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from prometheus_client.parser import text_string_to_metric_families

from devices.alarms import open_alarms, raise_alarm
from hes.metrics import exposition
from listeners import watch
from listeners.models import ListenerCount, ListenerRun

pytestmark = pytest.mark.django_db
BUFFER = 64 * 1024 * 1024


@pytest.fixture(autouse=True)
def _nothing_was_told(monkeypatch):
    monkeypatch.setattr(watch, "_told", {})


def _run(**facts: object) -> ListenerRun:
    given = {"host": "alpha", "ports": "127.0.0.1: 58692, 58693", "buffer": BUFFER} | facts
    return ListenerRun.objects.create(uid=uuid4(), **given)


def _status() -> dict[str, object]:
    out = StringIO()
    call_command("listeners", "status", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_totals_are_those_of_all_runs():
    _run(received=100, kernel_drops=3, refused=1)
    _run(received=20, ended_at=Now(), kernel_drops=2)
    _run(received=5, seen_at=Now() - timedelta(days=40))
    told = _status()
    assert (told["received"], told["kernel_drops"], told["refused"]) == (125, 5, 1)
    assert [run["received"] for run in told["listeners"]] == [100, 20]


def _understood(**verdicts: int) -> None:
    for verdict, count in verdicts.items():
        for reason in ("", "unknown serial"):
            ListenerCount.objects.create(minute=Now(), verdict=verdict, reason=reason, count=count)


def test_verdicts_are_told_beside_what_was_received():
    _run(received=76)
    _understood(stored=20, duplicate=10, suspect=5, rejected=3)
    told = _status()
    names = ("stored", "duplicates", "suspects", "rejected")
    assert [told[name] for name in names] == [40, 20, 10, 6]
    assert sum(told[name] for name in names) == told["received"]


def test_a_scraper_sees_what_was_not_believed_and_why():
    _understood(suspect=5)
    [family] = [
        each
        for each in text_string_to_metric_families(exposition().decode())
        if each.name == "hes_listener_understood"
    ]
    assert all(sample.labels["verdict"] == "suspect" for sample in family.samples)
    assert {sample.labels["reason"]: sample.value for sample in family.samples} == {
        "": 5, "unknown serial": 5
    }  # fmt: skip


def test_the_lag_is_that_of_the_oldest_datagram_of_a_living_one():
    _run(waiting_since=Now() - timedelta(seconds=7), spooled=9)
    _run(waiting_since=Now() - timedelta(seconds=70), seen_at=Now() - timedelta(seconds=11))
    told = _status()
    assert told["lag_s"] == pytest.approx(7, abs=1)
    assert told["spooled"] == 9
    assert [run["is_alive"] for run in told["listeners"]] == [True, False]


def test_without_a_listener_there_is_no_lag():
    _run(ended_at=Now())
    assert _status()["lag_s"] is None


def test_people_get_a_table(capsys):
    _run(received=1_234_567, kernel_drops=8)
    raise_alarm("listener_drops", "alpha", "the kernel has dropped 8 datagrams")
    call_command("listeners", "status")
    shown = capsys.readouterr().out
    assert "listens" in shown
    assert "1,234,567 received, 8 dropped by the kernel" in shown
    assert "listener_drops alpha: the kernel has dropped 8" in shown


def test_a_scraper_sees_the_same():
    _run(received=100, kernel_drops=3, spooled=4)
    seen = {
        sample.name: sample.value
        for family in text_string_to_metric_families(exposition().decode())
        for sample in family.samples
        if sample.name.startswith("hes_listener")
    }
    assert seen["hes_listener_received_total"] == 100
    assert seen["hes_listener_kernel_drops_total"] == 3
    assert (seen["hes_listener_alive"], seen["hes_listener_spooled"]) == (1, 4)
    assert seen["hes_listener_buffer_bytes"] == BUFFER


def _alarms() -> list[str]:
    return sorted(open_alarms().values_list("name", flat=True))


def test_a_healthy_listener_has_no_alarm():
    _run()
    watch.look()
    assert _alarms() == []


@pytest.mark.parametrize(
    ("facts", "alarm"),
    [
        ({"kernel_drops": 1}, "listener_drops"),
        ({"buffer": BUFFER - 1}, "listener_buffer"),
        ({"waiting_since": Now() - timedelta(seconds=61)}, "listener_lag"),
    ],
)
def test_what_loses_or_delays_datagrams_raises_an_alarm(facts, alarm):
    _run(**facts)
    watch.look()
    assert _alarms() == [alarm]


def test_lag_and_buffer_are_over_when_they_are():
    run = _run(buffer=1, waiting_since=Now() - timedelta(hours=1))
    watch.look()
    ListenerRun.objects.filter(pk=run.pk).update(buffer=BUFFER, waiting_since=None)
    watch.look()
    assert _alarms() == []


def test_a_loss_is_told_until_ten_minutes_passed_without_another():
    _run(kernel_drops=5)
    watch.look()
    open_alarms().update(seen_at=Now() - timedelta(minutes=9))
    watch.look()
    assert _alarms() == ["listener_drops"]
    open_alarms().update(seen_at=Now() - timedelta(minutes=11))
    watch.look()
    assert _alarms() == []


def test_another_loss_renews_the_alarm():
    run = _run(kernel_drops=5)
    watch.look()
    open_alarms().update(seen_at=Now() - timedelta(minutes=11))
    ListenerRun.objects.filter(pk=run.pk).update(kernel_drops=6)
    watch.look()
    assert _alarms() == ["listener_drops"]
    assert "6 datagrams" in open_alarms().get().text


def test_of_a_silent_listener_nothing_new_is_said():
    _run(kernel_drops=5, buffer=1, seen_at=Now() - timedelta(minutes=1))
    watch.look()
    assert _alarms() == []
