"""Who submits an order wakes a worker; a broker that is away holds nobody up."""

import time

import pytest
from celery import current_app
from django.conf import settings
from django.db import transaction
from redis import Redis

from tests.factories.ordered import fleet, state, submit
from workorders import submission, waking

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def td():
    return fleet()


@pytest.fixture
def pokes():
    """How many messages wait for a worker of orders."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.delete("control")
        yield lambda: client.llen("control")
        client.delete("control")


@pytest.fixture
def nowhere(monkeypatch):
    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis+socket:///nowhere/redis.sock")


def test_an_order_that_stands_wakes_a_worker(td, pokes):
    with transaction.atomic():
        submit(td)
        submit(td, number=2)
        assert pokes() == 0
    assert pokes() == 2
    submission.submit([])
    assert pokes() == 2


def test_an_order_that_is_rolled_back_wakes_nobody(td, pokes):
    with transaction.atomic():
        submit(td)
        transaction.set_rollback(True)
    assert pokes() == 0


def test_a_decision_on_an_order_wakes_a_worker(td, pokes):
    order = submit(td)
    submission.cancel(order.pk, "ana")
    assert (state(order), pokes()) == ("cancelled", 2)


@pytest.mark.usefixtures("nowhere")
def test_without_its_broker_an_order_is_accepted_as_fast(td, caplog):
    caplog.set_level("INFO", waking.log.name)
    began = time.monotonic()
    order = submit(td)
    assert time.monotonic() - began < 2
    assert state(order) == "queued"
    assert "no worker could be woken" in caplog.text


def test_where_no_broker_is_configured_none_is_asked(td, monkeypatch, settings):
    settings.REDIS_URL = ""
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: pytest.fail("sent"))
    assert state(submit(td)) == "queued"
