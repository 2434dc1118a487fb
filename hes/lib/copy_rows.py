"""COPY from any stream of rows: one statement, constant memory, no row-wise insert."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_PIECE = 65_536


class Cursor(Protocol):
    """What is needed of a database cursor."""

    def copy_expert(self, sql: str, file: "RowStream") -> None: ...


class RowStream:
    """A readable file of COPY text lines made from rows on demand; counts the rows."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self._lines = self._encoded(rows)
        self._rest = b""
        self.rows = 0

    def _encoded(self, rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
        for row in rows:
            self.rows += 1
            yield ("\t".join(map(_field, row)) + "\n").encode()

    def read(self, size: int = _PIECE) -> bytes:
        """Up to `size` bytes; empty at the end."""
        pieces, held = [self._rest], len(self._rest)
        while held < size and (line := next(self._lines, None)) is not None:
            pieces.append(line)
            held += len(line)
        filled = b"".join(pieces)
        self._rest = filled[size:]
        return filled[:size]


def _field(value: object) -> str:
    if isinstance(value, str):
        return value if value.isalnum() else value.translate(_ESCAPES)
    if value is None:
        return "\\N"
    if isinstance(value, bytes | memoryview):
        return f"\\\\x{value.hex()}"
    return str(value)


def copy_rows(
    cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Append rows to a table; None is NULL, bytes go to bytea. Returns how many."""
    stream = RowStream(rows)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", stream)
    return stream.rows
