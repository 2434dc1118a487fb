"""What `hes listen` does besides listening: one line here per duty.

A duty is called after every commit of the raw journal and once a second, always from the same
thread, with the thread's own database connection. It makes its own transactions, does a bounded
amount of work and returns how much that was: 0 when nothing is left. As long as any duty did
something, all are called again at once, in this order. What one raises is logged, the others go on.
"""

from collections.abc import Callable
from typing import NamedTuple


class Duty(NamedTuple):
    """A name for logs, and what is called."""

    name: str
    run: Callable[[], int]


DUTIES: tuple[Duty, ...] = ()
