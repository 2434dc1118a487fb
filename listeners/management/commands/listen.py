"""`hes listen`: take datagrams and pushes in, and carry out what follows from them."""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from listeners.duties import DUTIES
from listeners.rounds import Rounds


class Command(BaseCommand):
    help = "Take wake-ups and last gasps in, until it is stopped."

    def handle(self, **_: Any) -> None:
        stop = threading.Event()

        def end(_: int, __: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        rounds = Rounds(DUTIES)
        rounds.start()
        stop.wait()
        rounds.stop()
