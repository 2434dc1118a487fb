"""Export blocks: ready lines of one kind, company, day, concentrator, UTC offset (design D10)."""

import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from devices.outbox.layouts import HEADERS
from hes.domain.errors import HesError
from hes.lib import copy_binary

BLOCK_BYTES = 256 * 1024  # of lines, before compression
COMPRESSED_ABOVE = 1024
BULK = frozenset({"S", "M", "DC", "VV", "VI", "MP", "R", "PP"})
CONCENTRATOR = 0  # device of lines about the concentrator itself
SEPARATORS = {kind: header.count(";") for kind, header in HEADERS.items()}
SHOWN = 100  # characters of a refused line

# The day is fixed by the database clock after the transaction has its xid: the filter makes sure
# of that order, so a sealing fence drawn after the day's end is above every xid of that day.
_OPEN = """
WITH own AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
SELECT clock_timestamp() FROM own WHERE xid IS NOT NULL
"""


def open_transaction(cursor: CursorWrapper) -> datetime:
    """First statement of a transaction that may record: its moment by the database clock, UTC."""
    cursor.execute(_OPEN)
    moment: datetime = cursor.fetchone()[0]
    return moment


class LineRefused(HesError):
    """Lines that would tear a file: a name in them holds `;`, a quote or a line break."""


class Origin(NamedTuple):
    """The order behind lines: its id, the caller's correlation id and system, empty if none."""

    order_id: int | None = None
    correlation_id: str = ""
    external_system: str = ""


NO_ORIGIN = Origin()


class _Entry(NamedTuple):
    device: int
    text: bytes
    lines: int


class Blocks:
    """Collects the lines of one transaction and stores them as blocks."""

    def __init__(
        self, company_id: int, concentrator_id: int | None, origin: Origin = NO_ORIGIN
    ) -> None:
        self._company_id = company_id
        self._concentrator_id = concentrator_id
        self._origin = origin
        self._entries: dict[tuple[str, int], list[_Entry]] = defaultdict(list)

    def add(self, kind: str, offset: int, device: int, text: str) -> int:
        """Add the lines of one device (meter id, or CONCENTRATOR); returns how many.

        `offset`: minutes east of UTC of the stamps in these lines. Takes nothing and raises
        LineRefused where the text is not lines of `kind`: the last guard of the one road out.
        """
        # All lines of a bulk entry repeat the names of the first: to look at more costs 20 %.
        probe = text[: text.find("\n")] if kind in BULK else text
        wanted = SEPARATORS[kind] if kind in BULK else SEPARATORS[kind] * text.count("\n")
        if probe.count(";") != wanted or '"' in probe or "\r" in probe or text[-1:] != "\n":
            raise self._refusal(kind, device, probe)
        encoded = text.encode()
        lines = encoded.count(b"\n")
        self._entries[kind, offset].append(_Entry(device, encoded, lines))
        return lines

    def _refusal(self, kind: str, device: int, probe: str) -> LineRefused:
        place = f"meter {device}" if device else "the concentrator itself"
        return LineRefused(
            f"{kind} of {place}, concentrator {self._concentrator_id}: mend its name or POD, a "
            f"field holds ; quote or line break: {probe[:SHOWN]!r}"
        )

    def store(self, cursor: CursorWrapper, day: date) -> int:
        """Insert all blocks under the UTC day of recording; returns how many."""
        rows = [
            self._row(kind, offset, day, entries)
            for (kind, offset), all_entries in sorted(self._entries.items())
            for entries in _cut(sorted(all_entries, key=itemgetter(0)))
        ]
        if rows:
            copy_binary.copy_binary(cursor, "export_block", _COLUMNS, rows)
        return len(rows)

    def _row(self, kind: str, offset: int, day: date, entries: list[_Entry]) -> bytes:
        """One block, ready to be copied: the fields of _COLUMNS."""
        text = b"".join([entry.text for entry in entries])
        devices, starts, lines = [], [], 0
        for device, own in groupby(entries, key=itemgetter(0)):
            devices.append(device)
            starts.append(lines)
            lines += sum(entry.lines for entry in own)
        is_compressed = kind in BULK and len(text) > COMPRESSED_ABOVE
        return copy_binary.row(
            copy_binary.text(kind),
            copy_binary.bigint(self._company_id),
            copy_binary.day(day),
            copy_binary.bigint(self._concentrator_id),
            copy_binary.smallint(offset),
            copy_binary.integer(lines),
            copy_binary.integer(len(text)),
            copy_binary.boolean(is_compressed),
            copy_binary.octets(zlib.compress(text, 1) if is_compressed else text),
            copy_binary.bigints(devices),
            copy_binary.integers(starts),
            copy_binary.bigint(self._origin.order_id),
            copy_binary.text_or_null(self._origin.correlation_id),
            copy_binary.text_or_null(self._origin.external_system),
        )


_COLUMNS = (
    "kind", "company_id", "day", "concentrator_id", "utc_offset", "lines", "size",
    "is_compressed", "body", "devices", "line_starts",
    "order_id", "correlation_id", "external_system",
)  # fmt: skip


def _cut(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    """Pieces of at most BLOCK_BYTES; the lines of one entry stay together."""
    piece: list[_Entry] = []
    size = 0
    for entry in entries:
        if piece and size + len(entry.text) > BLOCK_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(entry)
        size += len(entry.text)
    yield piece


def read_lines(body: bytes | memoryview, is_compressed: bool) -> bytes:
    """The lines of a stored block, from its columns `body` and `is_compressed`."""
    return zlib.decompress(body) if is_compressed else bytes(body)
