"""The thread that carries out the duties."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from listeners import rounds
from listeners.duties import Duty
from listeners.rounds import Rounds

PATIENCE = 5.0


@contextmanager
def working(*duties: Duty) -> Iterator[Rounds]:
    running = Rounds(duties)
    running.start()
    try:
        yield running
    finally:
        running.stop()


class Calls:
    """A duty that has `amounts` of work, then none; counts how often it was asked."""

    def __init__(self, *amounts: int) -> None:
        self._amounts = list(amounts)
        self.count = 0
        self._changed = threading.Condition()

    def __call__(self) -> int:
        with self._changed:
            self.count += 1
            self._changed.notify_all()
        return self._amounts.pop(0) if self._amounts else 0

    def reach(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, PATIENCE)


@pytest.fixture(autouse=True)
def _the_tick_never_comes(monkeypatch):
    monkeypatch.setattr(rounds, "TICK", 60.0)


def test_the_first_round_comes_at_once():
    calls = Calls()
    with working(Duty("count", calls)):
        assert calls.reach(1)


def test_a_poke_makes_a_round():
    calls = Calls()
    with working(Duty("count", calls)) as running:
        assert calls.reach(1)
        running.poke()
        assert calls.reach(2)


def test_a_round_comes_without_a_poke(monkeypatch):
    monkeypatch.setattr(rounds, "TICK", 0.01)
    calls = Calls()
    with working(Duty("count", calls)):
        assert calls.reach(3)


def test_all_are_called_again_while_one_did_something():
    busy, idle = Calls(7, 1), Calls()
    with working(Duty("busy", busy), Duty("idle", idle)):
        assert busy.reach(3)
        assert idle.reach(3)
    assert (busy.count, idle.count) == (3, 3)


def test_a_duty_with_a_pause_is_not_called_before_it_is_over():
    often, seldom = Calls(1, 1, 1), Calls()
    with working(Duty("often", often), Duty("seldom", seldom, every=60.0)):
        assert often.reach(4)
    assert seldom.count == 1


def test_what_one_raises_is_told_and_stops_no_other(caplog):
    calls = Calls()
    with caplog.at_level(logging.ERROR), working(_failing(), Duty("count", calls)) as running:
        assert calls.reach(1)
        running.poke()
        assert calls.reach(2)
    assert "breaks: failed" in caplog.text


def _failing() -> Duty:
    def fail() -> int:
        raise ZeroDivisionError

    run: Callable[[], int] = fail
    return Duty("breaks", run)
