"""Who holds the stream back: the oldest transaction that has written and not ended (design D11)."""

from dataclasses import dataclass

from django.db import connection

WARN_AFTER = 5.0  # seconds; no writing statement stays open longer

# Only a transaction with a number of its own holds the horizon; a prepared one has no process.
OLDEST = """
SELECT pid, name, state, extract(epoch FROM clock_timestamp() - began)::float
FROM (
    SELECT pid, coalesce(nullif(application_name, ''), usename) AS name, state,
           xact_start AS began, backend_xid AS xid
    FROM pg_stat_activity WHERE backend_xid IS NOT NULL
    UNION ALL
    SELECT NULL, gid, 'prepared', prepared, transaction FROM pg_prepared_xacts
) AS open ORDER BY age(xid) DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """The transaction below which nothing may be exported; `age` in seconds."""

    pid: int | None
    name: str
    state: str
    age: float

    @property
    def subject(self) -> str:
        """Whom an alarm is about."""
        return f"pid {self.pid}" if self.pid else f"prepared {self.name}"[:80]

    @property
    def cure(self) -> str:
        """The statement that ends it; as its own role or as superuser."""
        if self.pid:
            return f"SELECT pg_terminate_backend({self.pid})"
        return f"ROLLBACK PREPARED '{self.name}'"

    def __str__(self) -> str:
        process = f"pid {self.pid}" if self.pid else "no process"
        return f"{self.age:.1f} s by {process} ({self.name}, {self.state})"


def holder() -> Holder | None:
    """The transaction that holds the horizon back just now, if any."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        row = cursor.fetchone()
    return Holder(*row) if row else None
