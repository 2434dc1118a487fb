"""TCP/UDP wrapper (IEC 62056-4-7): version 1, source wPort, destination wPort, length, APDU."""

import struct
from typing import NamedTuple

from devices.protocol.errors import GarbledError, ProtocolError

VERSION = 1
MAX_APDU = 65_535
_HEADER = struct.Struct(">HHHH")


class Frame(NamedTuple):
    """One wrapped APDU; an answer carries the wPorts of its request swapped."""

    source: int
    destination: int
    payload: bytes


def frame(source: int, destination: int, payload: bytes) -> bytes:
    """`payload` with its header; ProtocolError over 65,535 bytes."""
    if len(payload) > MAX_APDU:
        raise ProtocolError(f"APDU of {len(payload)} bytes does not fit one frame")
    return _HEADER.pack(VERSION, source, destination, len(payload)) + payload


class FrameReader:
    """Cuts a byte stream into frames; holds at most one unfinished frame of `limit` bytes."""

    def __init__(self, limit: int = MAX_APDU) -> None:
        self._limit = limit
        self._buffer = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames `data` completes; GarbledError for a wrong version or an oversize frame."""
        buffer = self._buffer + data
        frames: list[Frame] = []
        pos = 0
        while len(buffer) - pos >= _HEADER.size:
            end = pos + _HEADER.size + self._checked_length(buffer, pos)
            if end > len(buffer):
                break
            _, source, destination, _ = _HEADER.unpack_from(buffer, pos)
            frames.append(Frame(source, destination, buffer[pos + _HEADER.size : end]))
            pos = end
        self._buffer = buffer[pos:]
        return frames

    @property
    def pending(self) -> int:
        """Bytes of a frame that has begun and not ended."""
        return len(self._buffer)

    def _checked_length(self, buffer: bytes, pos: int) -> int:
        version, _, _, length = _HEADER.unpack_from(buffer, pos)
        if version != VERSION:
            raise GarbledError(f"wrapper version {version}")
        if not 0 < length <= self._limit:
            raise GarbledError(f"wrapper length {length}, at most {self._limit} allowed")
        return int(length)
