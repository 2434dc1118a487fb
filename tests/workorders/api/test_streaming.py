"""Ends of orders as server-sent events, from the real web server to a real client."""

import json
import socket
import threading
import urllib.request
from contextlib import ExitStack

import pytest
from django.db import connections

from tests.factories.callers import ROOT
from tests.factories.ordered import submit
from tests.factories.processes import wait_until
from tests.factories.web import Follower, serving
from workorders import decisions
from workorders.api import streaming
from workorders.api.errors import ApiError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


def ended_slowly(orders, pause: float) -> threading.Thread:
    """Ends the orders one by one, beside whatever the test does."""

    def run():
        for pk in orders:
            decisions.cancel(pk, "bob")
            threading.Event().wait(pause)
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_no_end_is_lost_or_repeated_over_ends_of_streams_hang_ups_and_a_killed_server(
    td, ana, tmp_path
):
    orders = [submit(td, number=1 + number % 12).pk for number in range(60)]
    follower = Follower(ana.token, last_id="0-0")
    ending = ended_slowly(orders, 0.05)
    with serving(tmp_path, HES_EVENT_STREAM_SECONDS="1") as (web, at):
        while len(follower.events) < 25:
            follower.follow(at, events=7)  # then it hangs up; or the stream's second is over
        web.kill()
    with serving(tmp_path, HES_EVENT_STREAM_SECONDS="1") as (_, at):
        while len(follower.events) < len(orders):
            follower.follow(at, events=100)
    ending.join()
    assert follower.visits > 4
    assert [event["order"] for event in follower.events] == orders
    assert {event["state"] for event in follower.events} == {"cancelled"}


def test_a_stream_begins_now_tells_its_own_company_only_and_soon(td, ana, eve, tmp_path):
    decisions.cancel(submit(td).pk, "bob")
    now, order = Follower(ana.token), submit(td)
    foreign = Follower(eve.token, last_id="0-0")
    with serving(tmp_path, HES_EVENT_STREAM_SECONDS="3") as (_, at):
        reading = threading.Thread(target=now.follow, args=(at, 1))
        reading.start()
        wait_until(lambda: now.last_id != "")
        decisions.cancel(order.pk, "bob")
        took = wait_until(lambda: now.events != [])
        reading.join()
        foreign.follow(at, events=1)
    print(f"told {took:.2f} s after the commit")
    assert [event["order"] for event in now.events] == [order.pk]
    assert foreign.events == []
    assert foreign.last_id > "0-0"  # it need not look at them again


def test_streams_are_few_and_leave_room_for_everything_else(td, ana, bob, tmp_path):
    few = {"HES_EVENT_STREAMS": "3", "HES_EVENT_STREAMS_OF_USER": "2"}
    with serving(tmp_path, **few) as (_, at), ExitStack() as open_ones:
        for caller in (ana, ana, bob):
            answer = open_ones.enter_context(Follower(caller.token).open(at))
            assert answer.status == 200
        for caller, why in ((ana, "you have 2"), (bob, "all streams")):
            with Follower(caller.token).open(at) as refused:
                said = json.load(refused)
                assert (refused.status, said["code"]) == (503, "5.1")
                assert said["text"].startswith(why)
        with urllib.request.urlopen(f"{at}/health/ready", timeout=10) as probe:
            assert probe.status == 200


def test_a_place_is_free_again_when_its_reader_has_gone(ana, settings):
    settings.EVENT_STREAM_SECONDS = 0
    for _ in range(5):
        answer = ana.client.get(f"{ROOT}work-orders/events/")
        assert answer.getvalue().startswith(b"retry: 1000\n\n")
        answer.close()
    unread = ana.client.get(f"{ROOT}work-orders/events/")
    unread.close()
    assert streaming.PLACES._taken.total() == 0


@pytest.mark.parametrize("position", ["x", "999999999999999999-1"])
def test_a_position_that_cannot_be_is_refused_with_a_cure(ana, position):
    status, said = ana.get("work-orders/events/", last_event_id=position)
    assert (status, said["code"]) == (409, "2.15")


def test_a_reader_that_takes_nothing_is_cut_off(monkeypatch):
    monkeypatch.setattr(streaming, "STUCK_SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs, streaming._impatient(ours), pytest.raises(TimeoutError):
        ours.sendall(b"x" * 16_777_216)
    with streaming._impatient(None):
        pass


def test_the_place_of_nobody_is_not_taken_from_others():
    places = streaming.Places()
    places.take("ana")
    places.take("ana")
    with pytest.raises(ApiError):
        places.take("ana")
    places.leave("ana")
    places.take("ana")
