"""The log of one partition: one writer, any number of readers, bounded on disk.

Segments are small (8 MiB), so that their names are all the index there is. An append is one write;
`sync` makes it durable; what a crash left torn is cut at the next start.
"""

import os
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from integration.eventhub_local.errors import EventHubFault
from integration.eventhub_local.positions import Position
from integration.eventhub_local.segments import Entry, Mark, Segment, read_entries, segments_of

SEGMENT_BYTES = 8 << 20
SMALLEST_SEGMENT = 64 << 10
PARTS = 8  # a partition's time and bytes are kept in about so many segments at least

NOTHING = Mark(-1, -1, 0)  # the last message of an empty log


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much each partition keeps; whole segments go, the oldest first."""

    hours: float = 24.0
    bytes: int = 256 << 20


class Log:
    """Writer and keeper of one partition's segments; `close` when done."""

    def __init__(
        self, folder: Path, retention: Retention, clock: Callable[[], float] = time.time
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._retention = retention
        self._clock = clock
        self._segment_bytes = max(SMALLEST_SEGMENT, min(SEGMENT_BYTES, retention.bytes // PARTS))
        self.segments = segments_of(folder) or [Segment.beginning(folder, 0, 0)]
        self.end, self.next_sequence = self.segments[-1].offset, self.segments[-1].sequence
        self.last, self._began = NOTHING, 0
        self._file = self._open()
        self._recover()

    def append(self, messages: Sequence[bytes]) -> None:
        """Write a batch at once; it outlives this process, and after `sync` the machine."""
        self.keep_house()
        enqueued = max(self._now(), self.last.enqueued)
        entry = Entry.packed(Mark(self.next_sequence, self.end, enqueued), messages)
        self._write(entry.encode())
        self._began = self._began or enqueued
        self._pass(entry)

    def sync(self) -> None:
        """What was appended outlives a power cut; may run in a thread."""
        os.fdatasync(self._file)

    def keep_house(self) -> None:
        """Begin a new segment when the present one is full or old; drop what retention lets go."""
        size = self.end - self.segments[-1].offset
        if size and (size >= self._segment_bytes or self._age(self._began) > 1 / PARTS):
            self.close()
            self.segments.append(Segment.beginning(self._folder, self.end, self.next_sequence))
            self._file, self._began = self._open(), 0
        while len(self.segments) > 1 and self._lets_go(self.segments[0]):
            self.segments.pop(0).path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the present segment to the disk."""
        os.fdatasync(self._file)
        os.close(self._file)

    def segment_at(self, offset: int) -> Segment:
        """The segment an offset lies in, or the oldest when it is gone."""
        found = bisect_right(self.segments, offset, key=lambda segment: segment.offset)
        return self.segments[max(found - 1, 0)]

    def seek(self, position: Position) -> int:
        """The offset of a segment from which every message a position admits is found."""
        first_admitted = bisect_left(
            self.segments, True, key=lambda segment: position.admits(_first(segment))
        )
        return self.segments[max(first_admitted - 1, 0)].offset

    def _recover(self) -> None:
        """Find the end, and cut what a crash left torn there."""
        *earlier, present = self.segments
        for entry in earlier[-1].entries() if earlier else ():
            self.last = entry.last
        for entry in present.entries():
            self._pass(entry)
        whole = self.end - self.segments[-1].offset
        self._began = self.last.enqueued if whole else 0
        os.ftruncate(self._file, whole)
        os.fdatasync(self._file)

    def _pass(self, entry: Entry) -> None:
        self.end, self.next_sequence, self.last = entry.end, entry.next_sequence, entry.last

    def _open(self) -> int:
        """The present segment; its name is on the disk before anything is written to it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        file = os.open(self.segments[-1].path, flags, 0o600)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return file

    def _write(self, data: bytes) -> None:
        """All of it or nothing: a disk that fills up must not leave half an entry behind."""
        try:
            written = os.write(self._file, data)
            if written == len(data):
                return
            reason = f"{written} of {len(data)} bytes"
        except OSError as fault:
            reason = str(fault)
        os.ftruncate(self._file, self.end - self.segments[-1].offset)
        raise EventHubFault(f"cannot write {self.segments[-1].path}: {reason}")

    def _lets_go(self, segment: Segment) -> bool:
        if self.end - segment.offset > self._retention.bytes:
            return True
        return self._age(int(segment.path.stat().st_mtime * 1000)) > 1

    def _age(self, since: int) -> float:
        """As a share of the time kept; `since` 0 is no time at all."""
        return (self._now() - since) / (self._retention.hours * 3_600_000) if since else 0.0

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _first(segment: Segment) -> Mark:
    """Nothing in the segment is before this, nothing in earlier ones behind it."""
    entry = next(segment.entries(), None)
    return Mark(segment.sequence, segment.offset, entry.enqueued if entry else 1 << 62)


class Cursor:
    """A reader's place in a log; `close` when done."""

    def __init__(self, log: Log, position: Position) -> None:
        self._log = log
        self._position: Position | None = position
        self._offset = log.seek(position)
        self._segment: Segment | None = None
        self._file = -1

    def read(self, end: int) -> list[tuple[Mark, bytes]]:
        """The next messages in stored form, about a chunk of them; nothing from `end` on.

        Empty at the end, and also when all that was read lies before the start: `is_at(end)` tells.
        Raises `EventHubFault` when the log is damaged there.
        """
        segment = self._enter(self._log.segment_at(self._offset))
        self._offset = max(self._offset, segment.offset)
        limit = min(end, self._end_of(segment))
        found = read_entries(self._file, segment.offset, self._offset, limit)
        if not found and self._offset < limit:
            raise EventHubFault(f"{segment.path} is damaged at offset {self._offset}")
        messages = [pair for entry in found if self._reaches(entry) for pair in entry.messages()]
        if found:
            self._offset = found[-1].end
        return self._admitted(messages)

    def is_at(self, end: int) -> bool:
        """Whether all before `end` was read."""
        return self._offset >= end

    def close(self) -> None:
        """Let the file go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _enter(self, segment: Segment) -> Segment:
        if segment != self._segment:
            self.close()
            self._file, self._segment = os.open(segment.path, os.O_RDONLY), segment
        return segment

    def _end_of(self, segment: Segment) -> int:
        following = bisect_right(self._log.segments, segment.offset, key=lambda each: each.offset)
        segments = self._log.segments
        return segments[following].offset if following < len(segments) else self._log.end

    def _reaches(self, entry: Entry) -> bool:
        place = Mark(entry.next_sequence - 1, entry.end, entry.enqueued)
        return self._position is None or self._position.admits(place)

    def _admitted(self, messages: list[tuple[Mark, bytes]]) -> list[tuple[Mark, bytes]]:
        """Only until the first message is admitted is there anything to compare."""
        if (position := self._position) is None:
            return messages
        admitted = [pair for pair in messages if position.admits(pair[0])]
        if admitted:
            self._position = None
        return admitted
