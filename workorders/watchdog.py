"""Ends a worker process that hangs, so that its supervisor starts a new one.

A hung loop or database thread (a connection whose other end vanished without a word) visits nobody
and cannot be mended from inside: an exit frees the lanes at the latest with the lease.
"""

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

log = logging.getLogger(__name__)
LOOKS = 12  # in vain, one after the other, before something counts as hung

Sign = Callable[[], int | None]
"""A number that changes with progress; None while there is nothing to do."""


def end_process() -> None:
    """Show where every thread stands and end at once: whatever hangs would not let us out."""
    faulthandler.dump_traceback(sys.__stderr__ or 2)
    os._exit(os.EX_SOFTWARE)


class Watchdog:
    """For the time of a `with` block, calls `end` when a sign stands still for `patience` seconds.

    It counts its own looks instead of reading a clock, so a process that was frozen or suspended
    gets its full time after it wakes.
    """

    def __init__(
        self, signs: Mapping[str, Sign], patience: float, end: Callable[[], None] = end_process
    ) -> None:
        self._signs, self._patience, self._end = signs, patience, end
        self._seen: dict[str, tuple[int | None, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._patience / LOOKS):
            self.look()

    def look(self) -> None:
        """Compare every sign with the last look."""
        for name, sign in self._signs.items():
            number = sign()
            before, in_vain = self._seen.get(name, (None, 0))
            in_vain = in_vain + 1 if number is not None and number == before else 0
            self._seen[name] = number, in_vain
            if in_vain == LOOKS:
                log.critical("%s hangs for %.0f s; this process ends", name, self._patience)
                self._end()


def turns_of(loop: asyncio.AbstractEventLoop) -> Sign:
    """A sign of an event loop: each look asks it for one more turn."""
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    def sign() -> int:
        loop.call_soon_threadsafe(turn)
        return turns

    return sign
