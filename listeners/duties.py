"""What `hes listen` does besides listening: one line here per duty.

A duty is called after every commit of the raw journal and once a second, always from the same
thread, with the thread's own database connection. It makes its own transactions, does a bounded
amount of work and returns how much that was: 0 when nothing is left. As long as any duty did
something, all are called again at once, in this order. What one raises is logged, the others go on.
"""

from collections.abc import Callable
from typing import NamedTuple

from listeners import outage_store
from listeners.meaning import understand


class Duty(NamedTuple):
    """A name for logs, and what is called."""

    name: str
    run: Callable[[], int]


DUTIES = (
    Duty("meaning", lambda: understand().total),
    Duty("answers", outage_store.answer),
    Duty("findings", outage_store.take_findings),
    Duty("outages", outage_store.look),
    Duty("checks", outage_store.ask),
    Duty("figures", outage_store.count_days),
)
