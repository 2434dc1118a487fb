"""The blocking side of the engine: a database thread each for control and for recording.

The number of connections is the number of threads, never that of visits.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

DATABASE_GONE = (OperationalError, InterfaceError)


class DatabaseThread:
    """One thread with its own connection; calls run one after the other, in order.

    The server ends a transaction that stands still for `patience` seconds: a frozen process must
    not keep its locks on lanes and ledgers longer than its lease.
    """

    def __init__(self, name: str, patience: float) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._patience = patience
        self._calls = 0
        self.under_way: int | None = None  # the number of the call that runs now

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run there and wait here. What runs already is not undone by a cancellation."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, lambda: self._run(function, *args, **kwargs)
        )

    def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A connection that failed is dropped, so the next call gets a new one."""
        self._calls += 1
        self.under_way = self._calls
        try:
            if connection.connection is None:
                _connect(self._patience)
            return function(*args, **kwargs)
        except DATABASE_GONE:
            connection.close()
            raise
        finally:
            self.under_way = None

    def close(self) -> None:
        """Finish what was asked, then close the connection and end the thread."""
        self._executor.submit(_disconnect)
        self._executor.shutdown(wait=True)


def _connect(patience: float) -> None:
    with connection.cursor() as cursor:
        milliseconds = str(int(patience * 1000))
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [milliseconds]
        )


def _disconnect() -> None:
    connection.close()  # looked up in the thread: each has its own
