"""The thread that carries out the duties, in rounds: when it is poked, and once a second."""

import logging
import threading
import time
from collections.abc import Sequence

from django.db import connection

from listeners.duties import Duty
from workorders.threads import DATABASE_GONE

log = logging.getLogger(__name__)

TICK = 1.0  # seconds


class Rounds:
    """Runs duties between `start` and `stop`; nothing that a duty raises ends the thread."""

    def __init__(self, duties: Sequence[Duty]) -> None:
        self._duties = duties
        self._not_before = dict.fromkeys(duties, 0.0)
        self._due = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="duties")

    def start(self) -> None:
        """Begin; the first round comes at once."""
        self._due.set()
        self._thread.start()

    def poke(self) -> None:
        """There may be work; from any thread, harmless at any time."""
        self._due.set()

    def stop(self) -> None:
        """Let the round that is under way end, then the thread."""
        self._is_stopping = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping:
            self._due.wait(TICK)
            self._due.clear()
            self._work_off()
        connection.close()

    def _work_off(self) -> None:
        """Round after round until nobody has anything left to do."""
        while not self._is_stopping:
            if not sum(self._done_by(duty) for duty in self._duties if self._is_time(duty)):
                return

    def _is_time(self, duty: Duty) -> bool:
        now = time.monotonic()
        if now < self._not_before[duty]:
            return False
        self._not_before[duty] = now + duty.every
        return True

    def _done_by(self, duty: Duty) -> int:
        try:
            done = duty.run()
        except DATABASE_GONE as fault:
            connection.close()
            log.warning("%s: %s", duty.name, fault)
        except Exception:
            connection.close()  # whatever state its transaction is in
            log.exception("%s: failed, tried again within a second", duty.name)
        else:
            return done
        return 0
