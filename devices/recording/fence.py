"""The guard of every recording transaction: a worker that lost its lease records nothing."""

from collections.abc import Callable

from django.db.backends.utils import CursorWrapper


class LeaseLost(Exception):
    """The lane belongs to another worker by now; what this one still holds is dropped."""


Fence = Callable[[CursorWrapper], None]
"""Run as the first statement of a recording transaction; raises LeaseLost."""
