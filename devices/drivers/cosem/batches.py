"""Records into batches: at most 100 meters and 5,000 lines each (design D10)."""

from devices.drivers.base import LINES_PER_BATCH, METERS_PER_BATCH, Batch
from hes.domain.records import Record, lines_in


class Batcher:
    """Fills one batch after the other; a record is never split, so batches part at run borders."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._seen: set[bytes] = set()
        self._lines = 0

    def add(self, record: Record) -> Batch | None:
        """Take `record`; the batch it no longer fitted in, if that is now complete."""
        lines = lines_in(record)
        too_many = self._lines + lines > LINES_PER_BATCH or (
            record.mac not in self._seen and len(self._seen) == METERS_PER_BATCH
        )
        full = self.rest() if too_many else None
        self._records.append(record)
        self._seen.add(record.mac)
        self._lines += lines
        return full

    def rest(self) -> Batch | None:
        """What is left, None for nothing."""
        if not self._records:
            return None
        batch = Batch(tuple(self._records), frozenset(self._seen))
        self._records, self._seen, self._lines = [], set(), 0
        return batch
