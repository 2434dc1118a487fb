"""``hes web``: gunicorn with threads."""

import os
import sys
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Serve the portal, the health probes and the interfaces over HTTP."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address:port")
        parser.add_argument("--workers", type=int, default=1, help="processes")
        parser.add_argument("--threads", type=int, default=8, help="threads of each process")

    def handle(self, *, bind: str, workers: int, threads: int, **options: object) -> None:
        argv = [sys.executable, "-m", "gunicorn", "hes.wsgi", "--bind", bind]
        argv += ["--workers", str(workers), "--threads", str(threads), "--worker-class", "gthread"]
        argv += ["--graceful-timeout", "10", "--access-logfile", "-", "--no-control-socket"]
        # Streams of events keep threads: half of them stay for everything else.
        os.environ["HES_EVENT_STREAMS"] = str(min(settings.EVENT_STREAMS, threads // 2))
        # Become gunicorn, so that whoever started us talks to it.
        os.execv(sys.executable, argv)  # noqa: S606 - no shell is wanted
