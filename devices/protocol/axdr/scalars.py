"""Readers and writers of every type that contains no other; all without the tag."""

import struct
from collections.abc import Callable
from typing import TypeAlias

from devices.protocol.axdr.lengths import MAX_OCTETS, length_bytes, octets, read_length, take
from devices.protocol.axdr.lengths import read_octets as _octets
from devices.protocol.axdr.types import (
    BIT_STRING,
    NULL,
    NUMBERS,
    OCTET_STRING,
    STAMPS,
    UTF8_STRING,
    VISIBLE_STRING,
    BitString,
    Data,
    Utf8,
    Visible,
)
from devices.protocol.errors import GarbledError, ProtocolError, TruncatedError

Reader: TypeAlias = Callable[[bytes, int], tuple[Data, int]]
Writer: TypeAlias = Callable[[Data], bytes]


def _read_null(data: bytes, pos: int) -> tuple[None, int]:
    return None, pos


def _read_visible(data: bytes, pos: int) -> tuple[Visible, int]:
    raw, pos = _octets(data, pos)
    return Visible(raw.decode("latin-1")), pos


def _read_utf8(data: bytes, pos: int) -> tuple[Utf8, int]:
    raw, pos = _octets(data, pos)
    try:
        return Utf8(raw.decode()), pos
    except UnicodeDecodeError:
        raise GarbledError(f"utf8-string ending at byte {pos} is no UTF-8") from None


def _read_bits(data: bytes, pos: int) -> tuple[BitString, int]:
    count, pos = read_length(data, pos)
    if count > 8 * MAX_OCTETS:
        raise GarbledError(f"bit-string of {count} bits at byte {pos}")
    raw, pos = take(data, pos, (count + 7) // 8)
    return BitString("".join(f"{byte:08b}" for byte in raw)[:count]), pos


def _number_reader(layout: str, kind: type[int] | type[float]) -> Reader:
    fixed = struct.Struct(">" + layout)

    def read(data: bytes, pos: int) -> tuple[Data, int]:
        try:
            return kind(fixed.unpack_from(data, pos)[0]), pos + fixed.size
        except struct.error:
            raise TruncatedError(f"{kind.__name__} cut at byte {pos}") from None

    return read


def _stamp_reader(size: int, kind: type[bytes]) -> Reader:
    def read(data: bytes, pos: int) -> tuple[Data, int]:
        raw, end = take(data, pos, size)
        return kind(raw), end

    return read


def _number_writer(layout: str, kind: type[int] | type[float]) -> Writer:
    fixed = struct.Struct(">" + layout)

    def write(value: Data) -> bytes:
        try:
            return fixed.pack(value)
        except (struct.error, OverflowError):
            raise ProtocolError(f"{value!r} does not fit {kind.__name__}") from None

    return write


def _stamp_writer(size: int, kind: type[bytes]) -> Writer:
    def write(value: Data) -> bytes:
        if not isinstance(value, bytes) or len(value) != size:
            raise ProtocolError(f"{kind.__name__} wants {size} bytes")
        return bytes(value)

    return write


def _write_null(value: Data) -> bytes:
    return b""


def _write_octets(value: Data) -> bytes:
    if not isinstance(value, bytes) or len(value) > MAX_OCTETS:
        raise ProtocolError("octet-string wants at most 64 KiB of bytes")
    return octets(value)


def _write_text(encoding: str) -> Writer:
    def write(value: Data) -> bytes:
        return _write_octets(str(value).encode(encoding))

    return write


def _write_bits(value: Data) -> bytes:
    text = str(value)
    size = (len(text) + 7) // 8
    body = int(text.ljust(8 * size, "0") or "0", 2).to_bytes(size, "big")
    return length_bytes(len(text)) + body


READERS: dict[int, Reader] = {
    NULL: _read_null,
    BIT_STRING: _read_bits,
    OCTET_STRING: _octets,
    VISIBLE_STRING: _read_visible,
    UTF8_STRING: _read_utf8,
    **{tag: _number_reader(*number) for tag, number in NUMBERS.items()},
    **{tag: _stamp_reader(*stamp) for tag, stamp in STAMPS.items()},
}
WRITERS: dict[int, Writer] = {
    NULL: _write_null,
    BIT_STRING: _write_bits,
    OCTET_STRING: _write_octets,
    VISIBLE_STRING: _write_text("latin-1"),
    UTF8_STRING: _write_text("utf-8"),
    **{tag: _number_writer(*number) for tag, number in NUMBERS.items()},
    **{tag: _stamp_writer(*stamp) for tag, stamp in STAMPS.items()},
}
