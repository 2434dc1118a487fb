"""Decoding and encoding of tagged values, nested or not."""

from devices.protocol.axdr.compact import read_compact_array
from devices.protocol.axdr.lengths import length_bytes, read_length
from devices.protocol.axdr.scalars import READERS, WRITERS
from devices.protocol.axdr.types import (
    ARRAY,
    COMPACT_ARRAY,
    MAX_DEPTH,
    MAX_ELEMENTS,
    NULL,
    NUMBERS,
    STAMPS,
    STRINGS,
    STRUCTURE,
    Data,
)
from devices.protocol.errors import GarbledError, ProtocolError, TruncatedError

_TAG_OF: dict[type, int] = {
    type(None): NULL,
    **{kind: tag for tag, (_, kind) in NUMBERS.items()},
    **{kind: tag for tag, (_, kind) in STAMPS.items()},
    **{kind: tag for tag, kind in STRINGS.items()},
}


def decode(data: bytes, pos: int = 0) -> tuple[Data, int]:
    """The value at `pos` and the position after it.

    Raises TruncatedError when the bytes end too early, GarbledError when they break a rule.
    """
    return _decode(data, pos, 0)


def decode_all(data: bytes) -> Data:
    """The one value that fills `data`; GarbledError when bytes are left over."""
    value, end = _decode(data, 0, 0)
    if end != len(data):
        raise GarbledError(f"{len(data) - end} bytes after the A-XDR value")
    return value


def encode(value: Data) -> bytes:
    """A-XDR bytes of `value`; ProtocolError for a plain int, float or str (no wire type)."""
    if isinstance(value, list):
        return _group(ARRAY, value)
    if isinstance(value, tuple):
        return _group(STRUCTURE, value)
    tag = _TAG_OF.get(type(value))
    if tag is None:
        raise ProtocolError(f"a plain {type(value).__name__} has no wire type; use U8, Enum ...")
    return bytes((tag,)) + WRITERS[tag](value)


def _group(tag: int, values: list[Data] | tuple[Data, ...]) -> bytes:
    return bytes((tag,)) + length_bytes(len(values)) + b"".join(map(encode, values))


def _decode(data: bytes, pos: int, depth: int) -> tuple[Data, int]:
    if pos >= len(data):
        raise TruncatedError(f"A-XDR value missing at byte {pos}")
    tag = data[pos]
    reader = READERS.get(tag)
    if reader is not None:
        return reader(data, pos + 1)
    if tag == ARRAY:
        return _elements(data, pos + 1, depth + 1)
    if tag == STRUCTURE:
        values, pos = _elements(data, pos + 1, depth + 1)
        return tuple(values), pos
    if tag == COMPACT_ARRAY:
        return read_compact_array(data, pos + 1)
    raise GarbledError(f"A-XDR tag {tag} at byte {pos}")


def _elements(data: bytes, pos: int, depth: int) -> tuple[list[Data], int]:
    if depth > MAX_DEPTH:
        raise GarbledError(f"nested deeper than {MAX_DEPTH} at byte {pos}")
    count, pos = read_length(data, pos)
    if count > MAX_ELEMENTS:
        raise GarbledError(f"{count} elements at byte {pos}")
    values: list[Data] = []
    for _ in range(count):
        value, pos = _decode(data, pos, depth)
        values.append(value)
    return values, pos
