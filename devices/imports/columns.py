"""What a template column accepts. Every parser takes text and raises BadValue with a cure."""

from collections.abc import Callable
from dataclasses import dataclass

from hes.domain import identifiers

Parse = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a template and of its staging table.

    `header` is printed in files, matched without regard to case; `sql` is the staging type.
    Two columns may read one header. The value of a secret never leaves the parser in clear.
    """

    header: str
    parse: Parse
    sql: str = "text"
    name: str = ""
    is_secret: bool = False

    @property
    def field(self) -> str:
        """The staging column."""
        return self.name or self.header.lower()

    @property
    def shown(self) -> str:
        """SQL for the value as a person may see it in a report."""
        if self.is_secret:
            return "''"
        if self.sql == "bytea":
            return f"upper(encode(s.{self.field}, 'hex'))"
        return f"s.{self.field}::text"


def optional(parse: Parse) -> Parse:
    """Nothing (NULL) where the field is empty, else what `parse` says."""
    return lambda text: parse(text) if text.strip() else None


def or_empty(parse: Parse) -> Parse:
    """An empty text where the field is empty, else what `parse` says."""
    return lambda text: parse(text) if text.strip() else ""


def text(limit: int) -> Parse:
    """Free text up to `limit` characters, may be empty."""
    return lambda value: identifiers.plain_text(value, limit)


def named(limit: int = 100) -> Parse:
    """A name that must be given."""
    return lambda value: identifiers.name(value, limit)


def number(low: int, high: int) -> Parse:
    """A decimal number or nothing."""
    return optional(lambda value: identifiers.decimal_number(value, low, high))


def serial(header: str) -> Column:
    """A device serial that must be given."""
    return Column(header, identifiers.serial_number)


def secret(header: str) -> Column:
    """A key or password of 32 hexadecimal digits, or nothing; staged sealed."""
    return Column(header, optional(identifiers.secret_key), "bytea", is_secret=True)


def place() -> tuple[Column, ...]:
    """Where something stands, in decimal degrees and metres."""
    return (
        Column("latitude", number(-90, 90), "numeric(9,6)"),
        Column("longitude", number(-180, 180), "numeric(9,6)"),
        Column("altitude", number(-500, 9000), "numeric(7,2)"),
    )
