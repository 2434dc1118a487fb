"""The Celery application against a real Redis."""

from django.conf import settings
from redis import Redis

from hes.celery import QUEUES, app


def test_a_message_goes_to_its_own_queue_only():
    broker = Redis.from_url(settings.REDIS_URL)
    broker.delete(*QUEUES)
    app.send_task("nobody.listens", queue="firmware")
    try:
        assert {queue: broker.llen(queue) for queue in QUEUES if broker.llen(queue)} == {
            "firmware": 1
        }
    finally:
        broker.delete(*QUEUES)
        broker.close()
        app.close()


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
