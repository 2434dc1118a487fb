"""Takes an old partition away without getting in the way of those who write (design D11).

DETACH ... CONCURRENTLY works in two steps and may be cut off between them: then the partition is
*half detached* until somebody finishes it, and nobody sees its rows any more. A detached one is a
table of its own; the comment it got beforehand tells that it is ours to drop. Only hes_owner may
do any of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from django.db import connection

LOCK_TIMEOUT = "5s"  # also of the wait for transactions that still see the partition
STATEMENT_TIMEOUT = "60s"
MARK = "hes maintain drops this table"

_PARTITIONS = """
SELECT c.relname, CASE WHEN i.inhrelid IS NULL THEN 2 WHEN i.inhdetachpending THEN 1 ELSE 0 END
FROM pg_class c LEFT JOIN pg_inherits i
    ON i.inhrelid = c.oid AND i.inhparent = %(table)s::regclass
WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = %(table)s::regclass)
  AND c.relname ~ ('^' || %(table)s || '_[0-9]{6}([0-9]{2})?$')
  AND (i.inhrelid IS NOT NULL OR obj_description(c.oid, 'pg_class') = %(mark)s)
ORDER BY c.relname
"""


class Step(Enum):
    """How far a partition is on its way out."""

    ATTACHED = 0
    HALF_DETACHED = 1
    DETACHED = 2


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of one UTC day or month, from `begins` to before `ends`."""

    table: str
    name: str
    begins: date
    step: Step

    @property
    def ends(self) -> date:
        """The first day that is not in it."""
        if len(self.name) == len(f"{self.table}_yyyymmdd"):
            return self.begins + timedelta(days=1)
        return (self.begins + timedelta(days=31)).replace(day=1)


def partitions_of(table: str) -> list[Partition]:
    """Those there are, oldest first; detached ones only if they are ours to drop."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS, {"table": table, "mark": MARK})
        return [
            Partition(table, name, _begin(name.removeprefix(f"{table}_")), Step(step))
            for name, step in cursor.fetchall()
        ]


def _begin(digits: str) -> date:
    return date.fromisoformat(digits if len(digits) == len("yyyymmdd") else f"{digits}01")


def detach(partition: Partition) -> None:
    """Begin, or finish what was begun. Outside any transaction; a wait that is too long raises.

    It waits for every transaction that may still look into the partition, and meanwhile holds no
    lock that anybody else wants.
    """
    step = {Step.ATTACHED: "CONCURRENTLY", Step.HALF_DETACHED: "FINALIZE"}.get(partition.step)
    with connection.cursor() as cursor:
        if partition.step is Step.ATTACHED:
            cursor.execute(f"COMMENT ON TABLE {partition.name} IS %s", [MARK])
        if step:
            cursor.execute(
                f"ALTER TABLE {partition.table} DETACH PARTITION {partition.name} {step}"
            )


def attach(partition: Partition) -> None:
    """Put a detached one back: somebody needs it after all."""
    begins, ends = (f"{day} 00:00:00+00" for day in (partition.begins, partition.ends))
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {partition.table} ATTACH PARTITION {partition.name}"
            " FOR VALUES FROM (%s) TO (%s)",
            [begins, ends],
        )
        cursor.execute(f"COMMENT ON TABLE {partition.name} IS NULL")


def drop(partition: Partition) -> None:
    """Remove the detached table and all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {partition.name}")


@contextmanager
def bounded() -> Iterator[None]:
    """No statement of this session waits longer than the time-outs of this module."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout; RESET statement_timeout")
