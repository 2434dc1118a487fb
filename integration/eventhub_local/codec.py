"""The AMQP 1.0 type system (OASIS AMQP 1.0, part 1): Python values from and to bytes.

Python has one integer, AMQP ten: the small classes below keep the width, so that what was decoded
encodes the same again. A plain `int` encodes as long, `float` as double. The decimal types and
arrays of described values are skipped but not decoded: neither the SDK nor the service uses them.
"""

import struct
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from integration.eventhub_local.errors import DecodeError

DEEPEST = 16

Buffer = bytes | bytearray | memoryview


class UByte(int):
    """0 to 2^8 - 1."""


class UShort(int):
    """0 to 2^16 - 1."""


class UInt(int):
    """0 to 2^32 - 1."""


class ULong(int):
    """0 to 2^64 - 1."""


class Byte(int):
    """Signed, 8 bits."""


class Short(int):
    """Signed, 16 bits."""


class Int(int):
    """Signed, 32 bits."""


class Long(int):
    """Signed, 64 bits."""


class Timestamp(int):
    """Milliseconds since 1970, UTC."""


class Float(float):
    """Single precision; `float` is double."""


class Char(str):
    """One character."""


class Symbol(str):
    """A name from a table: ASCII."""


class Array(list[object]):
    """Values of one type, that of the first; an empty one is of symbols."""


@dataclass(frozen=True, slots=True)
class Described:
    """A value with a descriptor, usually an ULong out of AMQP's tables."""

    descriptor: object
    value: object


def _char(code: int) -> Char:
    return Char(chr(code))


def _uuid(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=raw)


Maker = Callable[..., object]

# Constructor -> layout and class (AMQP 1.0, 1.6).
FIXED: dict[int, tuple[struct.Struct, Maker]] = {
    code: (struct.Struct(layout), made)
    for code, layout, made in (
        (0x50, ">B", UByte), (0x51, ">b", Byte), (0x52, ">B", UInt), (0x53, ">B", ULong),
        (0x54, ">b", Int), (0x55, ">b", Long), (0x56, ">B", bool),
        (0x60, ">H", UShort), (0x61, ">h", Short),
        (0x70, ">I", UInt), (0x71, ">i", Int), (0x72, ">f", Float), (0x73, ">I", _char),
        (0x80, ">Q", ULong), (0x81, ">q", Long), (0x82, ">d", float), (0x83, ">q", Timestamp),
        (0x98, ">16s", _uuid),
    )
}  # fmt: skip
CONSTANT: dict[int, Callable[[], object]] = {
    0x40: lambda: None,
    0x41: lambda: True,
    0x42: lambda: False,
    0x43: lambda: UInt(0),
    0x44: lambda: ULong(0),
    0x45: list,
}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8")


def _symbol(raw: bytes) -> Symbol:
    return Symbol(raw.decode("ascii"))


VARIABLE: dict[int, Maker] = {0xA0: bytes, 0xA1: _text, 0xA3: _symbol}
VARIABLE |= {code + 0x10: made for code, made in VARIABLE.items()}

LIST, MAP, ARRAY = 0xD0, 0xD1, 0xF0
DESCRIBED = 0x00
# Length in bytes of what follows a constructor, by its high half; None: a size field of n bytes.
_WIDTHS = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
_SIZE_FIELDS = {0xA: 1, 0xB: 4, 0xC: 1, 0xD: 4, 0xE: 1, 0xF: 4}

_UINT32 = struct.Struct(">I")


def decode(data: Buffer, position: int = 0, depth: int = 0) -> tuple[object, int]:
    """The value at `position` and where the next one begins; `DecodeError` if there is none."""
    data = data if isinstance(data, memoryview) else memoryview(data)  # slices copy nothing
    try:
        code = data[position]
        if code != DESCRIBED:
            return _value(data, code, position + 1, depth)
        descriptor, position = decode(data, position + 1, _deeper(depth))
        value, position = decode(data, position, _deeper(depth))
        return Described(descriptor, value), position
    except (IndexError, struct.error, UnicodeDecodeError, ValueError, OverflowError) as fault:
        raise DecodeError(f"the value at byte {position} is cut short or garbled") from fault


def skip(data: Buffer, position: int = 0, depth: int = 0) -> int:
    """Where the value after the one at `position` begins, without decoding it."""
    if position >= len(data):
        raise DecodeError(f"no value at byte {position}")
    code = data[position]
    if code == DESCRIBED:
        return skip(data, skip(data, position + 1, _deeper(depth)), _deeper(depth))
    return _extent(data, code, position + 1)[1]


def _extent(data: Buffer, code: int, position: int) -> tuple[int, int]:
    """Where the content of a value begins and ends."""
    width = _WIDTHS.get(code >> 4)
    if width is None:
        field = _SIZE_FIELDS.get(code >> 4)
        if field is None:
            raise DecodeError(f"unknown constructor 0x{code:02x} at byte {position - 1}")
        width = int.from_bytes(data[position : position + field], "big")
        position += field
    if position + width > len(data):
        raise DecodeError(f"the value at byte {position - 1} is cut short")
    return position, position + width


def _deeper(depth: int) -> int:
    if depth >= DEEPEST:
        raise DecodeError(f"values are nested more than {DEEPEST} deep")
    return depth + 1


def _value(data: Buffer, code: int, position: int, depth: int) -> tuple[object, int]:
    if fixed := FIXED.get(code):
        layout, made = fixed
        return made(layout.unpack_from(data, position)[0]), position + layout.size
    if constant := CONSTANT.get(code):
        return constant(), position
    begin, end = _extent(data, code, position)
    if variable := VARIABLE.get(code):
        return variable(bytes(data[begin:end])), end
    if compound := COMPOUND.get(code | 0x10):
        field = _SIZE_FIELDS[code >> 4]
        count = int.from_bytes(data[begin : begin + field], "big")
        if begin + field > end or count > end - begin:
            raise DecodeError(f"{count} elements cannot be in {end - begin} bytes")
        return compound(data[:end], begin + field, count, _deeper(depth)), end
    raise DecodeError(f"constructor 0x{code:02x} at byte {position - 1} is not supported")


def _list(data: Buffer, position: int, count: int, depth: int) -> list[object]:
    values = []
    for _ in range(count):
        value, position = decode(data, position, depth)
        values.append(value)
    return values


def _map(data: Buffer, position: int, count: int, depth: int) -> dict[object, object]:
    values = iter(_list(data, position, count, depth))
    try:
        return dict(zip(values, values, strict=True))
    except TypeError as fault:
        raise DecodeError("a key of a map is itself a list or map") from fault


def _array(data: Buffer, position: int, count: int, depth: int) -> Array:
    code, position = data[position] if count else 0x40, position + 1
    if count and (code == DESCRIBED or code >> 4 == 0x4):
        raise DecodeError(f"arrays of constructor 0x{code:02x} are not supported")
    values = Array()
    for _ in range(count):
        value, position = _value(data, code, position, depth)
        values.append(value)
    return values


COMPOUND: dict[int, Callable[[Buffer, int, int, int], object]] = {
    LIST: _list,
    MAP: _map,
    ARRAY: _array,
}


def encode(value: object) -> bytes:
    """The bytes of a value; `TypeError` for what AMQP has no type for."""
    if value is None:
        return b"\x40"
    if value is True or value is False:
        return b"\x41" if value else b"\x42"
    if isinstance(value, Described):
        return b"\x00" + encode(value.descriptor) + encode(value.value)
    if isinstance(value, int) and (small := _SMALL.get(type(value))) and 0 <= value < 0x80:
        return bytes((small, value))
    code, content = _content(value)
    return bytes((code,)) + content


def _content(value: object) -> tuple[int, bytes]:
    """Constructor (the wide one) and content."""
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        raise TypeError(f"AMQP has no type for {type(value).__name__}")
    code, content = encoder
    return code, content(value)


def _sized(raw: bytes) -> bytes:
    return _UINT32.pack(len(raw)) + raw


def _compound(values: Iterable[object], count: int) -> bytes:
    return _sized(_UINT32.pack(count) + b"".join(map(encode, values)))


def _encode_map(value: dict[object, object]) -> bytes:
    flat = [part for pair in value.items() for part in pair]
    return _compound(flat, len(flat))


def _encode_array(value: Array) -> bytes:
    contents = [_content(each) for each in value] or [(0xB3, b"")]
    code = contents[0][0]
    if any(other != code for other, _ in contents):
        raise TypeError("the values of an array are of one type")
    return _sized(_UINT32.pack(len(value)) + bytes((code,)) + b"".join(raw for _, raw in contents))


def _packer(code: int) -> tuple[int, Callable[..., bytes]]:
    return code, FIXED[code][0].pack


# The one-byte form that AMQP has for these, and both sides read.
_SMALL: dict[type, int] = {UInt: 0x52, ULong: 0x53, Int: 0x54, Long: 0x55, int: 0x55}

_ENCODERS: dict[type, tuple[int, Callable[..., bytes]]] = {
    UByte: _packer(0x50), UShort: _packer(0x60), UInt: _packer(0x70), ULong: _packer(0x80),
    Byte: _packer(0x51), Short: _packer(0x61), Int: _packer(0x71), Long: _packer(0x81),
    int: _packer(0x81), bool: _packer(0x56), Timestamp: _packer(0x83),
    Float: _packer(0x72), float: _packer(0x82),
    Char: (0x73, lambda value: _UINT32.pack(ord(value))),
    uuid.UUID: (0x98, lambda value: value.bytes),
    bytes: (0xB0, _sized),
    str: (0xB1, lambda value: _sized(value.encode())),
    Symbol: (0xB3, lambda value: _sized(value.encode("ascii"))),
    list: (LIST, lambda value: _compound(value, len(value))),
    dict: (MAP, _encode_map),
    Array: (ARRAY, _encode_array),
}  # fmt: skip
