"""`hes worker`: visit devices and run tasks."""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from devices.drivers.registry import driver
from hes.celery import QUEUES, app
from workorders.bootstep import EngineStep
from workorders.engine import Engine, Options
from workorders.places import KEPT

TASK_THREADS = 4
HANG_SECONDS = 60.0
CONTROL_POLL_SECONDS = 1.0
BULK_POLL_SECONDS = 5.0
VISITING_QUEUES = {"control", "collection"}


class Command(BaseCommand):
    """Starts the engine, and a Celery worker around it unless --no-broker."""

    help = "Visit devices and run tasks; --no-broker runs the engine alone"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", default="control,collection,export,maintenance")
        parser.add_argument("--no-broker", action="store_true", help="poll the database only")
        parser.add_argument("--concurrency", type=int, default=1000, help="visits at once")
        parser.add_argument(
            "--kept", type=int, default=KEPT, help="more visits at once, for orders alone"
        )
        parser.add_argument(
            "--hang-limit", type=float, default=HANG_SECONDS,
            help="seconds after which a process that hangs ends, to be started again; 0: never",
        )  # fmt: skip

    def handle(self, *_: object, **options: Any) -> None:
        queues = [name for name in options["queues"].split(",") if name]
        engine = _engine(set(queues), options)
        if options["no_broker"] or not settings.REDIS_URL:
            if engine is None:
                raise CommandError("without a broker only the queues control and collection work")
            _run_alone(engine)
        else:
            sys.exit(_run_in_worker(queues, engine))


def _engine(queues: set[str], given: Mapping[str, Any]) -> Engine | None:
    """The engine for these queues; a worker of control alone takes orders only."""
    if not queues & VISITING_QUEUES:
        return None
    is_control = "control" in queues
    options = Options(
        concurrency=given["concurrency"],
        kept=given["kept"],
        orders_only="collection" not in queues,
        poll=CONTROL_POLL_SECONDS if is_control else BULK_POLL_SECONDS,
        ntp_required=settings.HES_REQUIRE_NTP,
        hang_limit=given["hang_limit"] if given["hang_limit"] > 0 else None,
        disk=settings.DATABASE_DISK,
        disk_floor=settings.DISK_FLOOR,
    )
    return Engine(driver, options)


def _run_alone(engine: Engine) -> None:
    def stop(_: int, __: FrameType | None) -> None:
        engine.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    engine.run()


def _run_in_worker(queues: list[str], engine: Engine | None) -> int:
    """A Celery worker whose tasks share the process with the engine; returns its exit code."""
    if unknown := sorted(set(queues) - set(QUEUES)):
        raise CommandError(f"no such queue: {', '.join(unknown)}; there are {', '.join(QUEUES)}")
    app.steps["worker"].add(EngineStep)
    worker = app.Worker(
        queues=queues,
        pool="threads",  # a task that pokes must find the engine in its own process
        concurrency=TASK_THREADS,
        loglevel="INFO",
        without_mingle=True,
        without_gossip=True,
        engine=engine,
    )
    worker.start()
    return worker.exitcode or 0
