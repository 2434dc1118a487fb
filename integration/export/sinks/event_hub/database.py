"""All database work of the service, on one thread, in one session at a time."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from workorders.threads import DATABASE_GONE, DatabaseThread

Given = ParamSpec("Given")
Result = TypeVar("Result")

PATIENCE = 30.0  # seconds; the server ends a transaction that stands still for longer


class Database:
    """Runs functions that use `django.db.connection` beside the event loop."""

    def __init__(self) -> None:
        self._thread = DatabaseThread("hubs", PATIENCE)
        self.session = 0
        """Counts sessions: locks taken in an earlier one are gone."""

    async def run(
        self, work: Callable[Given, Result], *values: Given.args, **options: Given.kwargs
    ) -> Result:
        """What `work` returns. Raises DATABASE_GONE when the session is lost; the next is new."""
        try:
            return await self._thread(work, *values, **options)
        except DATABASE_GONE:
            self.session += 1
            raise

    def close(self) -> None:
        """End the session and the thread."""
        self._thread.close()
