"""What became of each datagram: counted by minute, verdict and reason; suspects also kept."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from devices.protocol.spontaneous import Message
from hes.lib import copy_binary
from hes.lib.arrays import numbers
from listeners.arrivals import Arrived
from listeners.models import Verdict
from listeners.senders import Suspicion
from listeners.storing import address

MINUTE = 60
_ADD = """
INSERT INTO listener_count AS known (minute, verdict, reason, count)
SELECT to_timestamp(minute), verdict, reason, count
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[])
     AS g (minute, verdict, reason, count) ORDER BY 1, 2, 3
ON CONFLICT (minute, verdict, reason) DO UPDATE SET count = known.count + excluded.count
"""
_SUSPECTS = (
    "received_at", "company_id", "reason", "serial", "kind", "source", "port", "message",
)  # fmt: skip


class _Kept(NamedTuple):
    arrived: Arrived
    message: Message | None
    suspicion: Suspicion


class Tally:
    """The verdicts of one transaction."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, Verdict, str]] = Counter()
        self._suspects: list[_Kept] = []

    def add(self, arrived: Arrived, verdict: Verdict, reason: str = "") -> None:
        """One datagram more."""
        self._counts[arrived.second // MINUTE * MINUTE, verdict, reason] += 1

    def suspect(
        self, arrived: Arrived, message: Message | None, why: Suspicion, *, is_kept: bool
    ) -> None:
        """A suspect; of many from one source only samples are kept."""
        self.add(arrived, Verdict.SUSPECT, why.reason)
        if is_kept:
            self._suspects.append(_Kept(arrived, message, why))

    def of(self, verdict: Verdict) -> int:
        """How many got a verdict."""
        return sum(count for key, count in self._counts.items() if key[1] is verdict)

    def write(self, cursor: CursorWrapper) -> None:
        """Add to the counts, keep the suspects."""
        if self._counts:
            minutes, verdicts, reasons = zip(*self._counts, strict=True)
            names = [[verdict.value for verdict in verdicts], list(reasons)]
            columns = [numbers(minutes), *names, numbers(self._counts.values())]
            cursor.execute(_ADD, columns)  # type: ignore[arg-type]
        if self._suspects:
            copy_binary.copy_binary(cursor, "suspect_message", _SUSPECTS, self._rows())

    def _rows(self) -> Iterator[bytes]:
        for arrived, message, why in self._suspects:
            yield copy_binary.row(
                copy_binary.instant(arrived.received),
                copy_binary.bigint(why.company_id),
                copy_binary.text(why.reason),
                copy_binary.text(message.serial if message else ""),
                copy_binary.text(message.kind if message else ""),
                address(arrived.source),
                copy_binary.integer(arrived.port),
                copy_binary.octets(arrived.raw),
            )
