"""Faults on demand, for tests: switches in a JSON file that is read again whenever it changes."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

CHECK_EVERY = 0.05  # seconds

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong at present; all off by default.

    `store_without_ack_every`: each k-th batch is stored, then the connection is cut.
    `reject`: a batch whose stored bytes contain this is rejected, nothing of it is stored.
    `busy`: every batch is rejected as by a throttled service.
    `round_trip_ms`: each acknowledgement leaves that much later; `slow_store_ms`: a slow disk.
    """

    store_without_ack_every: int = 0
    reject: str = ""
    busy: bool = False
    round_trip_ms: float = 0
    slow_store_ms: float = 0


def parse(text: str) -> Faults:
    """Switches from JSON; ValueError names what is wrong."""
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("give a JSON object")
    known = {field.name: field.default for field in fields(Faults)}
    if unknown := given.keys() - known.keys():
        raise ValueError(
            f"unknown switches {', '.join(sorted(unknown))}; known: {', '.join(known)}"
        )
    for name, value in given.items():
        if not isinstance(value, int | float if known[name] == 0 else type(known[name])):
            raise ValueError(f"{name}: {value!r} will not do")
    return Faults(**given)


class FaultSwitches:
    """The switches of a file, looked at as often as every 50 ms; without a file all is well."""

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._checked = float("-inf")
        self._seen: tuple[int, int] | None = None
        self._faults = Faults()

    def now(self) -> Faults:
        """The switches in force."""
        if self._path and self._clock() - self._checked >= CHECK_EVERY:
            self._checked = self._clock()
            self._look(self._path)
        return self._faults

    def _look(self, path: Path) -> None:
        try:
            status = path.stat()
            if (seen := (status.st_mtime_ns, status.st_ino)) == self._seen:
                return
            self._seen, self._faults = seen, parse(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._seen, self._faults = None, Faults()
        except (OSError, ValueError) as fault:
            logger.warning("%s: %s; the faults stay as they were", path, fault)
