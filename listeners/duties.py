"""What `hes listen` does besides listening: one line here per duty.

A duty is called after every commit of the raw journal and once a second (one with `every`: not
before so many seconds have passed), always from the same thread, with its own database connection.
It makes its own transactions, does a bounded amount of work and returns how much that was: 0 when
nothing is left. As long as any duty did something, all are called again at once, in this order.
What one raises is logged, the others go on.
"""

from collections.abc import Callable
from typing import NamedTuple

from listeners import counts, meaning, outage_store, silence, watch


class Duty(NamedTuple):
    """A name for logs, what is called, and seconds of pause between two calls."""

    name: str
    run: Callable[[], int]
    every: float = 0.0


DUTIES: tuple[Duty, ...] = (
    Duty("meaning", meaning.work),
    Duty("answers", outage_store.hear, every=10.0),
    Duty("findings", outage_store.take, every=5.0),
    Duty("outages", outage_store.look),
    Duty("checks", outage_store.ask, every=15.0),
    Duty("figures", outage_store.refresh, every=60.0),
    Duty("watch", watch.look, every=5.0),
    Duty("silence", silence.look, every=5.0),
    Duty("suspects", counts.look, every=5.0),
)
