"""Where the seconds of a recording go: a stopwatch around the product's own steps."""

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from unittest import mock

from django.db.backends.base.base import BaseDatabaseWrapper

from devices.outbox.blocks import Blocks
from devices.outbox.slots import SlotLedger
from devices.recording.claims import Claim
from devices.recording.statistics import Statistics

STEPS: dict[str, list[tuple[object, str]]] = {
    "ledger": [(SlotLedger, "decide")],
    "encode": [(Claim, "text")],
    "compress": [(zlib, "compress")],
    "block": [(Blocks, "store")],
    "statistics": [(Statistics, "apply")],
    "commit": [(BaseDatabaseWrapper, "_commit")],
}


class Stopwatch:
    """Seconds by step; a step inside another one counts for itself only."""

    def __init__(self) -> None:
        self.seconds = defaultdict[str, float](float)
        self._inner = 0.0

    def around(self, step: str, function: Callable[..., object]) -> Callable[..., object]:
        """The function, timed."""

        def timed(*args: object, **kwargs: object) -> object:
            outer, self._inner = self._inner, 0.0
            begin = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = perf_counter() - begin
                self.seconds[step] += spent - self._inner
                self._inner = outer + spent

        return timed


@contextmanager
def stopwatch(**more: list[tuple[object, str]]) -> Iterator[dict[str, float]]:
    """Seconds of the product's steps, and of `more`, in this process while the block runs."""
    watch = Stopwatch()
    with ExitStack() as patches:
        for step, functions in (STEPS | more).items():
            for owner, name in functions:
                timed = watch.around(step, getattr(owner, name))
                patches.enter_context(mock.patch.object(owner, name, timed))
        yield watch.seconds
