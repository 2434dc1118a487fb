"""The Celery application: it wakes, schedules and controls, and never owns work.

A message carries ids at most and is acknowledged before it runs; a lost one costs seconds,
because the engine also polls the database. One queue per class of work, so that a flood of one
class never delays another.
"""

import os

from celery import Celery

from integration import schedule as integration_schedule
from listeners import schedule as listeners_schedule
from workorders import schedule as workorders_schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")

QUEUES = ("control", "collection", "firmware", "export", "maintenance")

# Ticks of beat: name -> {"task", "schedule" (seconds), "options": {"queue", "expires"}}.
# A tick must be harmless twice: two beats may run at once.
BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    **workorders_schedule.TICKS,
    **integration_schedule.TICKS,
    **listeners_schedule.TICKS,
}

app = Celery("hes")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Exchange and key spelled out: left out, every queue would get the default queue's messages.
app.conf.task_queues = {name: {"exchange": name, "routing_key": name} for name in QUEUES}
app.conf.beat_schedule = BEAT_SCHEDULE
app.autodiscover_tasks()
