"""The blocking side of the engine: a database thread each for control and for recording.

The number of connections is the number of threads, never that of visits.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

DATABASE_GONE = (OperationalError, InterfaceError)


def is_gone(error: Exception) -> bool:
    """Whether the session is over, rather than a statement refused.

    psycopg2 raises a bare DatabaseError when an immediate stop of the server cuts it off in the
    middle of an answer; what the server itself refuses always has an SQLSTATE.
    """
    is_bare = type(error) is DatabaseError and not getattr(error.__cause__, "pgcode", None)
    return is_bare or isinstance(error, DATABASE_GONE)


def always() -> bool:
    """What the process lives by, and what is done for people who wait."""
    return True


def never() -> bool:
    """What may wait for its turn."""
    return False


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """Something to run and where its answer is awaited; whether it is urgent may change."""

    run: Callable[[], Any]
    is_urgent: Callable[[], bool]
    answer: "Future[Any]" = field(default_factory=Future)

    def carry_out(self) -> None:
        """Answer, with a value or an error, unless nobody waits any more."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            self.answer.set_result(self.run())
        except BaseException as error:
            self.answer.set_exception(error)
        finally:
            del self  # an error holds this frame: without it the call and its answer are a cycle


class DatabaseThread:
    """One thread with its own connection; calls run one after the other, in order.

    Those that are urgent when the thread is free go before the others. The server ends a
    transaction that stands still for `patience` seconds: a frozen process must not keep its locks
    on lanes and ledgers longer than its lease.
    """

    def __init__(self, name: str, patience: float) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._patience = patience
        self._waiting: deque[_Call] = deque()
        self._lock = threading.Lock()
        self._calls = 0
        self.under_way: int | None = None  # the number of the call that runs now

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run there and wait here. What runs already is not undone by a cancellation."""
        return await self.ask(never, function, *args, **kwargs)

    async def ask(
        self,
        is_urgent: Callable[[], bool],
        function: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same, before all calls that are not urgent; asked each time the thread is free."""
        call = _Call(lambda: self._run(function, *args, **kwargs), is_urgent)
        with self._lock:
            self._waiting.append(call)
        self._executor.submit(self._carry_out_next)
        answer: T = await asyncio.wrap_future(call.answer)
        return answer

    def _carry_out_next(self) -> None:
        """Once for every call, but the order is decided only now."""
        self._next().carry_out()

    def _next(self) -> _Call:
        with self._lock:
            first = self._waiting[0]
            call = next((call for call in self._waiting if call.is_urgent()), first)
            self._waiting.remove(call)
            return call

    def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A connection that failed is dropped, so the next call gets a new one.

        Whatever name the driver gives the end of a session, callers see one of DATABASE_GONE.
        """
        self._calls += 1
        self.under_way = self._calls
        try:
            if connection.connection is None:
                _connect(self._patience)
            return function(*args, **kwargs)
        except Error as error:  # an InterfaceError is no DatabaseError
            if not is_gone(error):
                raise
            connection.close()
            if isinstance(error, DATABASE_GONE):
                raise
            raise OperationalError(*error.args) from error
        finally:
            self.under_way = None

    def close(self) -> None:
        """Finish what was asked, then close the connection and end the thread."""
        self._executor.submit(_disconnect)
        self._executor.shutdown(wait=True)


@dataclass(frozen=True, slots=True)
class Caller:
    """A database thread as somebody sees it whose calls go first while he is urgent."""

    thread: DatabaseThread
    is_urgent: Callable[[], bool] = never

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run there and wait here."""
        return await self.thread.ask(self.is_urgent, function, *args, **kwargs)


def _connect(patience: float) -> None:
    with connection.cursor() as cursor:
        milliseconds = str(int(patience * 1000))
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [milliseconds]
        )


def _disconnect() -> None:
    connection.close()  # looked up in the thread: each has its own
