"""The Celery application against a real Redis."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from hes.celery import QUEUES, app

POKE_FROM_A_THREAD_OF_THE_WEB = """
import threading
import hes.wsgi
from workorders.tasks import poke

sender = threading.Thread(target=poke.apply_async, kwargs={"queue": "collection"})
sender.start()
sender.join()
"""


@pytest.fixture
def broker() -> Iterator[Redis]:
    """The session's Redis with nothing in our queues."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.delete(*QUEUES)
        yield client
        client.delete(*QUEUES)


def lengths(broker: Redis) -> dict[str, int]:
    """The queues that hold messages."""
    return {queue: broker.llen(queue) for queue in QUEUES if broker.llen(queue)}


def test_a_message_goes_to_its_own_queue_only(broker: Redis):
    app.send_task("nobody.listens", queue="firmware")
    app.close()
    assert lengths(broker) == {"firmware": 1}


def test_a_process_that_only_serves_pages_reaches_our_broker_from_every_thread(broker: Redis):
    subprocess.run([sys.executable, "-c", POKE_FROM_A_THREAD_OF_THE_WEB], check=True, timeout=60)
    assert lengths(broker) == {"collection": 1}


def test_celery_wakes_and_never_owns_work():
    conf = app.conf
    assert conf.task_acks_late is False
    assert conf.task_ignore_result is True
    assert conf.result_backend is None
    assert conf.broker_connection_retry_on_startup is True
    assert conf.broker_connection_max_retries is None


def test_a_tick_expires_and_names_its_queue():
    for name, tick in app.conf.beat_schedule.items():
        options = tick["options"]
        assert options["queue"] in QUEUES, name
        assert options["expires"] > 0, name
