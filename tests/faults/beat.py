"""`hes beat` whose ticks come a hundred times as often; the argument is its file of last runs."""

import os
import sys

import django

EVERY_SECONDS = 0.5


def main(last_runs: str) -> None:
    """Until it is killed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")
    django.setup()
    from hes.celery import app

    app.conf.beat_schedule = {
        name: {**tick, "schedule": EVERY_SECONDS} for name, tick in app.conf.beat_schedule.items()
    }
    app.Beat(schedule=last_runs, loglevel="WARNING", max_interval=EVERY_SECONDS).run()


if __name__ == "__main__":
    main(sys.argv[1])
