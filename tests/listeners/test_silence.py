"""A listener that is gone is noticed by others, and leaves no alarms that nobody can clear."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from devices.alarms import open_alarms, raise_alarm
from hes.celery import app
from hes.lib.processes import die_with
from listeners import silence, status
from listeners.duties import DUTIES
from listeners.models import ListenerRun
from listeners.tasks import watch
from tests.factories.datagrams import listening
from tests.factories.processes import ROOT, Process, listening_port, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
PORTS = "127.0.0.1: 58692, 58693"


@pytest.fixture(autouse=True)
def _soon(monkeypatch) -> None:
    """The cluster of the tests has run for longer than this."""
    monkeypatch.setattr(silence, "GONE_AFTER", 2.0)


def _run(silent: float = 0.0, **facts: object) -> ListenerRun:
    told = {"host": "alpha", "ports": PORTS, "seen_at": Now() - timedelta(seconds=silent)}
    return ListenerRun.objects.create(uid=uuid4(), **told | facts)


def _alarms() -> list[tuple[str, str]]:
    silence.look()
    return sorted(open_alarms().values_list("name", "subject"))


GONE = ("listener_gone", f"alpha {PORTS}")


def test_one_that_speaks_is_not_gone():
    _run()
    assert _alarms() == []


def test_one_that_has_said_nothing_for_long_is_gone_and_says_what_it_left():
    _run(silent=5, spooled=1_200)
    assert _alarms() == [GONE]
    assert "1,200 datagrams lie on its disk" in open_alarms().get().text


def test_a_few_missed_beats_are_no_alarm():
    _run(silent=1)
    assert _alarms() == []


def test_one_that_ended_in_order_is_expected_no_more():
    _run(silent=5)
    _run(silent=4, ended_at=Now())
    assert _alarms() == []


def test_it_is_over_when_one_lives_at_the_same_place():
    _run(silent=5, started_at=Now() - timedelta(hours=1))
    assert _alarms() == [GONE]
    _run()
    assert _alarms() == []


@pytest.mark.parametrize("place", [{"host": "beta"}, {"ports": "127.0.0.1: 1"}])
def test_one_that_lives_elsewhere_does_not_speak_for_it(place):
    _run(silent=5, started_at=Now() - timedelta(hours=1))
    _run(**place)
    assert _alarms() == [GONE]


def test_a_run_that_never_told_of_itself_is_nobody():
    _run(silent=5, ports="")
    assert _alarms() == []


def test_while_postgresql_was_down_nobody_could_speak(monkeypatch):
    monkeypatch.setattr(silence, "GONE_AFTER", 86_400.0)  # the tests' cluster is younger
    _run(silent=7 * 86_400)
    assert _alarms() == []


@pytest.mark.parametrize("facts", [{"silent": 5}, {"ended_at": Now()}], ids=["gone", "ended"])
def test_alarms_of_one_that_lives_no_more_are_closed(facts):
    for name in silence.OF_THE_LIVING:
        raise_alarm(name, f"alpha {PORTS}", "something")
    _run(started_at=Now() - timedelta(hours=1))
    assert [name for name, _ in _alarms()] == sorted(silence.OF_THE_LIVING)
    _run(**facts)
    assert {name for name, _ in _alarms()} <= {"listener_gone"}


def test_alarms_of_others_stay():
    raise_alarm("export_lag", "csv_files", "late")
    raise_alarm("listener_suspects", "all", "many")
    assert len(_alarms()) == 2


def test_a_tick_notices_when_no_listener_lives_and_lets_the_alarm_of_suspects_fall():
    _run(silent=5)
    raise_alarm("listener_suspects", "all", "many")
    watch()
    assert [alarm.name for alarm in open_alarms()] == ["listener_gone"]
    assert app.conf.beat_schedule["watch the listeners"]["task"] == watch.name


# --- a real one -----------------------------------------------------------------------------------


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Starts `hes listen` at the same two ports, and waits until it listens."""
    port, started = listening_port(), []
    environment = os.environ | {
        "HES_LISTEN_SPOOL": str(tmp_path / "spool"),
        "HES_WAKE_UP_PORT": str(port),
        "HES_LAST_GASP_PORT": str(port),
    }

    def start() -> Process:
        ready = tmp_path / f"ready-{len(started)}"
        argv = [sys.executable, "-m", "hes.cli", "listen", "--ready-file", str(ready)]
        started.append(
            subprocess.Popen(
                argv, cwd=ROOT, env=environment, preexec_fn=die_with(os.getpid(), signal.SIGKILL)
            )
        )
        wait_until(ready.exists, 60)
        wait_until(lambda: any(one.is_alive for one in status.read().listeners))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def _names() -> set[str]:
    return {name for name, _ in _alarms()} - {"listener_buffer"}  # of the host, not of this


def test_a_listener_that_was_killed_is_gone_until_it_is_started_again(listen):
    process = listen()
    assert _names() == set()
    raise_alarm("listener_drops", silence.listeners()[0].subject, "the kernel dropped some")
    assert _names() == {"listener_drops"}
    process.kill()
    process.wait()
    wait_until(lambda: _names() == {"listener_gone"})
    assert not open_alarms().filter(name="listener_buffer").exists()
    listen()
    wait_until(lambda: _names() == set())


def test_one_that_hung_and_was_forgotten_is_there_again_as_soon_as_it_speaks(listen):
    process = listen()
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: _names() == {"listener_gone"})
    silence.forget(silence.listeners()[0].host)
    assert _names() == set()
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: not silence.listeners()[0].has_ended)


def test_one_that_lives_notices_another_that_is_gone(tmp_path):
    _run(silent=5)
    with listening(tmp_path / "spool", [duty for duty in DUTIES if duty.name == "silence"]):
        wait_until(lambda: open_alarms().filter(name="listener_gone").exists())


def test_a_listener_that_was_stopped_in_order_raises_no_alarm(listen):
    process = listen()
    process.terminate()
    assert process.wait(20) == 0
    assert silence.listeners()[0].has_ended
    assert _names() == set()
