"""All database work of the service, on one thread with one session."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Database:
    """Runs functions that use `django.db.connection` beside the event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hubs-database")
        self.session = 0
        """Counts sessions: locks taken in an earlier one are gone."""

    async def run(
        self, work: Callable[Given, Result], *values: Given.args, **options: Given.kwargs
    ) -> Result:
        """What `work` returns. After a lost session its error is raised and a new one begins."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: self._guarded(work, values))

    def _guarded(self, work: Callable[..., Result], values: tuple[object, ...]) -> Result:
        try:
            return work(*values)
        except (OperationalError, InterfaceError):
            connection.close()
            self.session += 1
            raise

    def close(self) -> None:
        """End the session and the thread."""
        self._thread.submit(_end_session)
        self._thread.shutdown()


def _end_session() -> None:
    connection.close()  # looked up here: each thread has its own
