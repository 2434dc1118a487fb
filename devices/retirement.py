"""Old rows leave, whole partitions at a time where there are some, else in bounded slices.

Each part of the system knows which of its rows are old, and who still needs them; how they go, and
what is told and noted of it, is the same for all. Only hes_owner may do it (`hes maintain`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db import OperationalError, connection, transaction

from devices.partition_drops import Partition, Step, attach, detach, drop, partitions_of

SLICE = 5_000  # rows of one transaction
SLICES = 200  # of one table in a run; the next run goes on

Detail = dict[str, object]

DROPPED, DELETED = "partition dropped", "rows deleted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of something old, and why."""

    name: str
    is_dropped: bool
    why: str

    def __str__(self) -> str:
        return f"{self.name}  {'dropped' if self.is_dropped else 'kept'}: {self.why}"


@dataclass(frozen=True, slots=True)
class Retirement:
    """One run on the UTC day `today`; `note` keeps a deed and of what, in its transaction.

    A dry run only tells what would become of everything.
    """

    today: date
    note: Callable[[str, str, Detail], None]
    is_dry: bool = False

    def older(self, table: str, limit: date) -> list[Partition]:
        """Partitions that hold nothing of the day `limit` or later, oldest first."""
        return [partition for partition in partitions_of(table) if partition.ends <= limit]

    def months_ago(self, months: int) -> date:
        """The first day of that month."""
        number = self.today.year * 12 + self.today.month - 1 - months
        return date(number // 12, number % 12 + 1, 1)

    def drop(
        self,
        partition: Partition,
        why: str,
        detail: Detail | None = None,
        needed: Callable[[], str] = str,
    ) -> Verdict:
        """Take a partition away. What takes too long is left to the next run.

        `needed` tells who needs it still, '' if nobody. It is asked again when nobody can write
        into it any more: what came in between puts it back.
        """
        if partition.step is Step.ATTACHED and (kept := needed()):
            return Verdict(partition.name, False, kept)
        if self.is_dry:
            return Verdict(partition.name, False, f"a dry run, else dropped: {why}")
        try:
            detach(partition)
            if kept := needed():
                attach(partition)
                return Verdict(partition.name, False, kept)
            with transaction.atomic():
                drop(partition)
                self.note(DROPPED, partition.name, detail or {})
        except OperationalError as fault:  # a time-out; what else it may be, the next tells
            return Verdict(partition.name, False, later(fault))
        return Verdict(partition.name, True, why)

    def delete(self, table: str, statement: str, before: date, what: str) -> Iterator[Verdict]:
        """Delete rows slice by slice; `statement` takes `before` (midnight UTC) and `limit`.

        Says nothing where nothing is old.
        """
        deleted, trouble = 0, ""
        try:
            for gone in self._slices(table, statement, before):
                deleted += gone
        except OperationalError as fault:
            trouble = f"; {later(fault)}"
        if deleted or trouble:
            why = self._told(deleted, f"{what} {before}{trouble}")
            yield Verdict(table, bool(deleted) and not self.is_dry, why)

    def _slices(self, table: str, statement: str, before: date) -> Iterator[int]:
        midnight = datetime.combine(before, time.min, UTC)
        for _ in range(1 if self.is_dry else SLICES):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, {"before": midnight, "limit": SLICE})
                gone: int = cursor.rowcount
                if gone:
                    self.note(DELETED, table, {"rows": gone, "before": str(before)})
                transaction.set_rollback(self.is_dry)
            yield gone
            if gone < SLICE:
                return

    def _told(self, rows: int, what: str) -> str:
        more = " or more" if self.is_dry and rows >= SLICE else ""
        begin = "a dry run, else dropped: " if self.is_dry else ""
        return f"{begin}{rows:,} rows{more}, {what}"


def later(fault: OperationalError) -> str:
    """What is said of something that could not be done now."""
    reason = str(fault).partition("\n")[0]
    return f"tried again next time: {reason}"
