"""From bytes to rows of text fields: encoding, separator, header, one record per line.

Whatever the bytes are, what comes out is rows, faults of rows, or UnreadableFile.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from hes.domain.errors import BadValue

LONGEST_LINE = 65_536
MOST_ROWS = 2_000_000
SEPARATORS = (";", ",", "\t")
ENCODINGS = {"utf-8": "UTF-8", "windows-1252": "Windows-1252"}
OUR_OWN = {"error"}  # the column that rejected rows carry when they come back
_BOM_8 = b"\xef\xbb\xbf"
_BOMS_16 = (b"\xff\xfe", b"\xfe\xff")
_AS_UTF_8 = "save the file as CSV UTF-8"


class UnreadableFile(BadValue):
    """The file as a whole cannot be read; nothing of it was used."""

    def __init__(self, problem: str, advice: str, line: int = 1) -> None:
        super().__init__(problem, advice)
        self.line = line


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its fields in the template's order, or what is wrong with all of it."""

    line: int
    fields: Sequence[str]
    fault: BadValue | None = None


class Reader:
    """Rows of a file, their fields in the order of `headers`. Another header: UnreadableFile."""

    def __init__(self, stream: BinaryIO, encoding: str, headers: Sequence[str]) -> None:
        if encoding not in ENCODINGS:
            raise UnreadableFile(f"{encoding!r} is not read", f"choose {' or '.join(ENCODINGS)}")
        self._stream, self._encoding = stream, encoding
        first = self._decoded(self._line(1).removeprefix(_BOM_8))
        self._separator = max(SEPARATORS, key=first.count)
        self._order, self._width = _order(self._split(first), headers)

    def __iter__(self) -> Iterator[Row]:
        for number in range(2, MOST_ROWS + 3):
            if not (raw := self._line(number)):
                return
            if row := self._row(number, raw):
                yield row
        raise UnreadableFile(f"has more than {MOST_ROWS} rows", "split the file", MOST_ROWS + 2)

    def _line(self, number: int) -> bytes:
        raw = self._stream.readline(LONGEST_LINE + 1)
        if number == 1 and raw.startswith(_BOMS_16):
            raise UnreadableFile("is UTF-16", _AS_UTF_8)
        if b"\0" in raw:
            raise UnreadableFile("holds a NUL byte: not a text file, or UTF-16", _AS_UTF_8, number)
        if len(raw) > LONGEST_LINE:
            raise UnreadableFile(
                f"has a line of more than {LONGEST_LINE} bytes",
                "end each row by a line break",
                number,
            )
        return raw

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode(self._encoding).rstrip("\r\n")
        except UnicodeDecodeError:
            raise UnreadableFile(
                f"is not {ENCODINGS[self._encoding]}", self._other_encoding
            ) from None

    @property
    def _other_encoding(self) -> str:
        return f"{_AS_UTF_8}, or choose encoding windows-1252 if it comes from an older spreadsheet"

    def _row(self, number: int, raw: bytes) -> Row | None:
        try:
            fields = self._split(self._decoded(raw))
        except BadValue as fault:
            return Row(number, (), fault)
        if not any(map(str.strip, fields)):
            return None
        if len(fields) != self._width:
            problem = f"has {len(fields)} fields instead of {self._width}"
            return Row(number, fields, BadValue(problem, "check the separators of this row"))
        return Row(number, [fields[position] for position in self._order])

    def _split(self, text: str) -> list[str]:
        if '"' not in text and "\r" not in text:
            return text.split(self._separator)
        try:
            return next(csv.reader([text], delimiter=self._separator, strict=True))
        except csv.Error:
            raise UnreadableFile(
                "has quotes or line breaks that do not fit", "keep each row on one line"
            ) from None


def _order(found: Sequence[str], headers: Sequence[str]) -> tuple[list[int], int]:
    """Where each template column stands in the file, and how many columns the file has."""
    names = [name.strip().lower() for name in found]
    times = Counter(names)
    wanted = {header.lower(): header for header in headers}
    problems = [
        *_listed("misses", (wanted[name] for name in wanted if name not in times)),
        *_listed("has unknown", (name for name in names if name not in wanted.keys() | OUR_OWN)),
        *_listed("has twice", (name for name in times if name and times[name] > 1)),
    ]
    if problems:
        raise UnreadableFile(
            f"header {', '.join(problems)}", f"the first line must be {';'.join(wanted.values())}"
        )
    return [names.index(header.lower()) for header in headers], len(names)


def _listed(what: str, names: Iterable[str], most: int = 20) -> list[str]:
    found = [name[:40] or "(empty)" for name in names]
    more = [f"and {len(found) - most} more"] if len(found) > most else []
    return [f"{what} {', '.join(found[:most] + more)}"] if found else []
