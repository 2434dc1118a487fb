"""Not every tick: what is called each second and after each commit acts only so often."""

import time
from collections.abc import Callable


class Paced:
    """Calls `act` at most every `seconds`; in between it says that there was nothing to do."""

    def __init__(self, seconds: float, act: Callable[[], int]) -> None:
        self._seconds, self._act = seconds, act
        self._due = 0.0

    def __call__(self) -> int:
        now = time.monotonic()
        if now < self._due:
            return 0
        self._due = now + self._seconds
        return self._act()
