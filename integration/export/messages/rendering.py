"""Lines as JSON objects; as CSV the lines of a block already are a message's body. Pure.

The keys are the columns of the kind. Numbers stand as they are printed (`12.340` keeps its zero),
and beside each stamp `<column>_utc` names its instant, which tells the repeated hour apart.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache, partial

from devices.outbox.layouts import HEADERS

NUMBERS = frozenset(
    {"value", "state", "t1", "t2", "t3", "t4", "t5", "t6", "tot", "energytype", "severity"}
    | {"outage", "customers", "customersout", "customerminutes", "parent"}
)
BOOLEANS = frozenset({"isactive"})  # externalrequest may be `-`, so it stays text
# Of the block's UTC offset: 0 for events.
STAMPS = frozenset({"date", "sampledate", "time", "since", "until"})

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_TRUTH = {"TRUE": "true", "FALSE": "false"}
_CACHED = 16_384


def json_objects(kind: str, text: bytes, utc_offset: int) -> list[bytes]:
    """One object per line of a kind; stamps are `utc_offset` minutes east of UTC.

    A cell that is not what its column promises stands as a string; a line that has not the columns
    of its kind, which recording refuses to store, stands whole as `{"line": ...}`: one such line
    must not hold up all that come after it.
    """
    members = _members(kind, utc_offset)
    return [_object(members, line) for line in text.decode().split("\n")[:-1]]


def json_array(objects: Iterable[bytes]) -> bytes:
    """The body of a message: an array of the objects."""
    return b"[%b]" % b",".join(objects)


Member = Callable[[str], str]


def _object(members: tuple[Member, ...], line: str) -> bytes:
    cells = line.split(";")
    if len(cells) != len(members):
        return f"{{{_text('line', line)}}}".encode()
    pairs = [member(cell) for member, cell in zip(members, cells, strict=True)]
    return f"{{{','.join(pairs)}}}".encode()


@cache
def _members(kind: str, utc_offset: int) -> tuple[Member, ...]:
    """For each column what makes `"column": value` of its cell."""
    return tuple(_member(column, utc_offset) for column in HEADERS[kind].split(";"))


def _member(column: str, utc_offset: int) -> Member:
    if column in NUMBERS:
        return partial(_number, column)
    if column in BOOLEANS:
        return partial(_boolean, column)
    if column in STAMPS:
        return partial(_stamp, column, utc_offset)
    return partial(_text, column)


@lru_cache(_CACHED)
def _text(column: str, cell: str) -> str:
    return f'"{column}":{json.dumps(cell, ensure_ascii=False)}'


def _number(column: str, cell: str) -> str:
    return f'"{column}":{cell}' if _NUMBER.fullmatch(cell) else _text(column, cell)


def _boolean(column: str, cell: str) -> str:
    return f'"{column}":{_TRUTH[cell]}' if cell in _TRUTH else _text(column, cell)


@lru_cache(_CACHED)
def _stamp(column: str, utc_offset: int, cell: str) -> str:
    return f"{_text(column, cell)},{_text(f'{column}_utc', _instant(cell, utc_offset))}"


def _instant(stamp: str, utc_offset: int) -> str:
    """ISO 8601 in UTC; empty where the stamp is none."""
    zone = timezone(timedelta(minutes=utc_offset))
    try:
        moment = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=zone)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return f"{utc.isoformat(timespec='milliseconds')[:23]}Z"
