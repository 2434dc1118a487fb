"""The disk floor: when the database's disk gets full, bulk visits pause before anything else does.

What people wait for goes on, and so does whatever was begun.
"""

import logging
import shutil
from pathlib import Path

log = logging.getLogger(__name__)

MARGIN = 1.1  # low ends this much above the floor, so that it does not flutter


def free_bytes(path: Path) -> int | None:
    """Bytes that a process without privileges may still write there; None if nobody can tell."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def is_below(free: int | None, floor: int, *, was_below: bool) -> bool:
    """Whether `free` is under the floor; unknown is not."""
    return free is not None and free < floor * (MARGIN if was_below else 1)


class Floor:
    """Watches one disk and says once when it gets low, and once when it is over. 0: never low."""

    def __init__(self, path: Path, floor: int) -> None:
        self._path, self._floor = path, floor
        self._is_low = self._is_unknown = False

    def is_low(self) -> bool:
        """Whether there is too little room now."""
        if self._floor == 0:
            return False
        free = free_bytes(self._path)
        self._tell_unknown(free is None)
        is_low = is_below(free, self._floor, was_below=self._is_low)
        if is_low != self._is_low:
            self._is_low = is_low
            self._tell(free)
        return is_low

    def _tell(self, free: int | None) -> None:
        facts = (self._path, f"{free:,}" if free is not None else "an unknown number of")
        if self._is_low:
            log.error("%s: %s bytes are free, the floor is %s: no new bulk visits", *facts,
                      f"{self._floor:,}")  # fmt: skip
        else:
            log.warning("%s: %s bytes are free: bulk visits go on", *facts)

    def _tell_unknown(self, is_unknown: bool) -> None:
        if is_unknown and not self._is_unknown:
            log.error("%s: free room is unknown, the floor is not kept", self._path)
        self._is_unknown = is_unknown
