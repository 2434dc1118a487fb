"""COSEM values as typed JSON and back: `{"u16": 5}`, `{"octets": "0A0B"}`, `{"structure": [...]}`.

Every value names its wire type, so that nobody guesses one; `null` is null-data. Refusals name
place and cure. Octet-strings and date-times are hexadecimal, bit-strings text of 0 and 1.
"""

import math
import re
from collections.abc import Callable

from devices.protocol.axdr.codec import decode_all, encode
from devices.protocol.axdr.types import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bcd,
    BitString,
    Data,
    Date,
    DateTime,
    Enum,
    Time,
    Utf8,
    Visible,
)
from devices.protocol.errors import ProtocolError
from hes.domain.errors import BadValue

DEEPEST = 8
MOST_BYTES = 4_096
_OCTETS = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_BITS = re.compile(r"[01]*")

_WHOLE: dict[str, type[int]] = {
    "u8": U8, "u16": U16, "u32": U32, "u64": U64, "i8": I8, "i16": I16, "i32": I32, "i64": I64,
    "enum": Enum, "bcd": Bcd,
}  # fmt: skip
_FLOATS: dict[str, type[float]] = {"float32": F32, "float64": F64}
_RAW: dict[str, type[bytes]] = {
    "octets": bytes, "date_time": DateTime, "date": Date, "time": Time,
}  # fmt: skip
_TEXTS: dict[str, type[str]] = {"visible": Visible, "utf8": Utf8, "bits": BitString}
_GROUPS: dict[str, Callable[[list[Data]], Data]] = {"array": list, "structure": tuple}
_TYPES = ("boolean", *_WHOLE, *_FLOATS, *_RAW, *_TEXTS, *_GROUPS)
_NAME_OF: dict[type, str] = {
    kind: name for name, kind in {**_WHOLE, **_FLOATS, **_RAW, **_TEXTS, "boolean": bool}.items()
} | {list: "array", tuple: "structure"}  # fmt: skip


def parse(given: object, place: str) -> Data:
    """The value that `given` writes; raises BadValue, naming `place`, where it writes none."""
    value = _parsed(given, place, 0)
    try:
        raw = encode(value)
    except (ProtocolError, UnicodeError) as error:
        raise BadValue(f"{place}: {error}", "write a value that its type can hold") from error
    if len(raw) > MOST_BYTES:
        raise BadValue(f"{place}: {len(raw)} bytes", f"write at most {MOST_BYTES}")
    return decode_all(raw)  # as a device will answer it: a float32 has lost what it cannot hold


def written(value: Data) -> object:
    """`value` as typed JSON; `parse` makes the same value of it."""
    if value is None:
        return None
    name = _NAME_OF[type(value)]
    if isinstance(value, list | tuple):
        return {name: [written(each) for each in value]}
    if isinstance(value, bytes):
        return {name: value.hex().upper()}
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            return {name: plain(value)}
    raise AssertionError("no other kind of value is decoded")


def _parsed(given: object, place: str, depth: int) -> Data:
    if given is None:
        return None
    if not isinstance(given, dict) or len(given) != 1:
        cure = f'write {{"type": value}} with one of {", ".join(_TYPES)}, or null'
        raise BadValue(f"{place}: {_shown(given)} names no type", cure)
    [(name, inner)] = given.items()
    if name in _GROUPS:
        return _GROUPS[name](_elements(inner, place, depth + 1))
    return _single(name, inner, place)


def _elements(given: object, place: str, depth: int) -> list[Data]:
    if not isinstance(given, list):
        raise BadValue(f"{place}: {_shown(given)} is no list", "write its elements as a list")
    if depth > DEEPEST:
        raise BadValue(f"{place}: nested too deep", f"nest at most {DEEPEST} levels")
    return [_parsed(each, f"{place}[{number}]", depth) for number, each in enumerate(given)]


def _single(name: str, given: object, place: str) -> Data:
    if name == "boolean":
        return _boolean(given, place)
    if name in _WHOLE:
        return _whole(_WHOLE[name], given, place)
    if name in _FLOATS:
        return _floating(_FLOATS[name], given, place)
    if name in _RAW:
        cure = "write hexadecimal digits, two for each byte"
        return _RAW[name](bytes.fromhex(_text(given, place, _OCTETS, cure)))
    if name in _TEXTS:
        pattern, cure = (_BITS, "write 0 and 1") if name == "bits" else (None, "write a text")
        return _TEXTS[name](_text(given, place, pattern, cure))
    raise BadValue(f"{place}: no type is called {_shown(name)}", f"use {', '.join(_TYPES)}")


def _boolean(given: object, place: str) -> bool:
    if not isinstance(given, bool):
        raise BadValue(f"{place}: {_shown(given)} is no boolean", "write true or false")
    return given


def _whole(kind: type[int], given: object, place: str) -> Data:
    if not isinstance(given, int) or isinstance(given, bool):
        raise BadValue(f"{place}: {_shown(given)} is no whole number", "write one without quotes")
    return kind(given)


def _floating(kind: type[float], given: object, place: str) -> Data:
    cure = "write a finite number"
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise BadValue(f"{place}: {_shown(given)} is no number", cure)
    try:
        number = float(given)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadValue(f"{place}: {_shown(given)} is no finite number", cure)
    return kind(number)


def _text(given: object, place: str, pattern: re.Pattern[str] | None, cure: str) -> str:
    if not isinstance(given, str) or (pattern and not pattern.fullmatch(given)):
        raise BadValue(f"{place}: {_shown(given)} does not fit its type", cure)
    return given


def _shown(given: object) -> str:
    return ascii(given)[:60]
