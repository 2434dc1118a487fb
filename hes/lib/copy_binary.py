"""COPY in binary format, for rows that carry large bytes: they travel as they are.

A field is its length and its value, NULL the length -1; a row is its number of fields and the
fields (PostgreSQL documentation, COPY, "Binary Format").
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Protocol

from django.db import connection

NULL = struct.pack(">i", -1)
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no header extension
_TRAILER = struct.pack(">h", -1)  # in place of a number of fields
_DAY_ZERO = date(2000, 1, 1).toordinal()
_EPOCH_ZERO = 946_684_800  # 2000-01-01 00:00 UTC
_INTEGER, _BIGINT = 23, 20  # types of elements, pg_type.oid


class Cursor(Protocol):
    """What is needed of a database cursor."""

    def copy_expert(self, sql: str, file: BytesIO, size: int) -> None: ...


def _number(code: str) -> Callable[[int | None], bytes]:
    layout = struct.Struct(f">i{code}")
    size = layout.size - 4

    def field(value: int | None) -> bytes:
        return NULL if value is None else layout.pack(size, value)

    return field


smallint, integer, bigint = _number("h"), _number("i"), _number("q")


_TRUTH = {value: struct.pack(">i?", 1, value) for value in (False, True)}


def boolean(value: bool) -> bytes:
    """A boolean field."""
    return _TRUTH[value]


def day(value: date) -> bytes:
    """A date field."""
    return integer(value.toordinal() - _DAY_ZERO)


def instant(value: float | None) -> bytes:
    """A timestamptz field from UTC epoch seconds, to the microsecond."""
    return NULL if value is None else bigint(round((value - _EPOCH_ZERO) * 1_000_000))


# An instant that many rows of a batch share: found again in a third of the time.
shared_instant = lru_cache(maxsize=4096)(instant)


def truth(value: bool | None) -> bytes:
    """A boolean field that may be NULL."""
    return NULL if value is None else boolean(value)


def address(value: bytes) -> bytes:
    """An inet field of one host, from the 4 or 16 bytes of its address."""
    family, bits = (2, 32) if len(value) == 4 else (3, 128)
    return struct.pack(">i4B", 4 + len(value), family, bits, 0, len(value)) + value


def octets(value: bytes) -> bytes:
    """A bytea field."""
    return struct.pack(">i", len(value)) + value


def text(value: str) -> bytes:
    """A text or varchar field."""
    return octets(value.encode())


def text_or_null(value: str) -> bytes:
    """A text or varchar field; NULL where it is empty."""
    return text(value) if value else NULL


def integers(values: Sequence[int]) -> bytes:
    """An integer[] field without nulls."""
    return _array(_INTEGER, [integer(value) for value in values])


def bigints(values: Sequence[int]) -> bytes:
    """A bigint[] field without nulls."""
    return _array(_BIGINT, [bigint(value) for value in values])


def _array(element: int, values: Sequence[bytes]) -> bytes:
    """One dimension, counted from 1."""
    return octets(struct.pack(">5i", 1, 0, element, len(values), 1) + b"".join(values))


def fields(count: int) -> bytes:
    """What a row of so many fields begins with."""
    return struct.pack(">h", count)


def row(*values: bytes) -> bytes:
    """One row of these fields."""
    return fields(len(values)) + b"".join(values)


# Handed over at a time: before each piece the driver asks for the interpreter, which a busy thread
# may keep for 5 ms; in the driver's own pieces of 8 KiB a block of 1 MB would take half a second.
_PIECE = 1024 * 1024


def copy_binary(cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[bytes]) -> None:
    """Append rows to a table; their fields must be of the columns' very types.

    Raises Django's errors: of COPY it leaves the driver's own.
    """
    sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    file = BytesIO(b"".join((_SIGNATURE, *rows, _TRAILER)))
    with connection.wrap_database_errors:
        cursor.copy_expert(sql, file, _PIECE)
