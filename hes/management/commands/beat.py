"""`hes beat`: ticks only; two of them are harmless."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from hes.celery import app


class Command(BaseCommand):
    """Runs Celery's beat with the schedules of all apps."""

    help = "Tick the schedules (needs a broker; without one the engines plan by themselves)"

    def handle(self, *_: object, **options: Any) -> None:
        app.Beat(schedule=settings.CELERY_BEAT_SCHEDULE_FILENAME, loglevel="INFO").run()
