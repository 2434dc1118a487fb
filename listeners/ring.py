"""What was received and is not written yet: from the loop to the writer, bounded by bytes.

One thread puts, one takes, and each counts for itself, so no lock is needed. When it is full
nothing is thrown away: the loop stops reading and datagrams wait in the kernel's buffer.
"""

from collections import deque

from listeners.batches import Batch

LIMIT = 48 * 1024 * 1024  # bytes: half a million small datagrams


class Ring:
    """Batches in the order they came."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._batches: deque[Batch] = deque()
        self._limit = limit
        self._put = self._taken = 0  # bytes since the start

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be put."""
        return self._put - self._taken >= self._limit

    @property
    def is_crowded(self) -> bool:
        """Half full: whoever takes is too slow."""
        return self._put - self._taken >= self._limit // 2

    @property
    def oldest_at(self) -> int | None:
        """Receipt of the first batch, microseconds from 1970; None when there is none."""
        try:
            return self._batches[0].received_at
        except IndexError:
            return None

    def put(self, batch: Batch) -> None:
        """Append; for the one thread that receives."""
        self._batches.append(batch)
        self._put += batch.weight

    def take(self, datagrams: int, weight: int) -> list[Batch]:
        """The oldest, until one of the two is reached; for the one thread that writes."""
        taken: list[Batch] = []
        while self._batches and datagrams > 0 and weight > 0:
            batch = self._batches.popleft()
            taken.append(batch)
            datagrams -= len(batch.sizes)
            weight -= batch.weight
            self._taken += batch.weight
        return taken
