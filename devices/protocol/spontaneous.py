"""Spontaneous datagrams, bytes to meaning and back (LG profile 1; research/field-protocols 4).

    u8 version 1 · u8 family 0x13 · u16 bytes after offset 5 · u16 sequence · u16 type · body

Concentrator power (type 0x0012) is proven by the two samples of 002; that meters' reachability
(0x0013) and wake-ups (0x0010) look as below is *assumed*: no document prints one. Stamps are the
device's local time, without any offset. The port never tells the kinds apart. Pure.
"""

import ipaddress
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

VERSION, FAMILY = 1, 0x13
WAKE_UP_TYPE, POWER_TYPE, REACHABILITY_TYPE = 0x0010, 0x0012, 0x0013
SERIAL_SIZE, MAC_SIZE = 15, 6
LARGEST = 512
NO_STAMP = -1
"""In place of `local`, where a push carries no time."""

_Rest = Sequence[bytes | int]  # what follows the serial

_HEADER = struct.Struct(">BBHHH")
_POWER = struct.Struct(">6s15sB")
_REACHABILITY = struct.Struct(">6s15s6sB")
_WAKE_UP = struct.Struct(">6s15s4s")
_COUNTED_FROM = 6  # the length counts the bytes after offset 5


class Kind(StrEnum):
    """What a message says, as reports and lines print it (000)."""

    CONCENTRATOR_OFF = "LVC_POWER_OFF"
    CONCENTRATOR_ON = "LVC_POWER_ON"
    METER_LOST = "METER_REACHABILITY_KO"
    METER_BACK = "METER_REACHABILITY_OK"
    WAKE_UP = "WAKE_UP"
    METER_ALARM = "METER_ALARM"  # by a push alone (devices.protocol.pushes)


class Message(NamedTuple):
    """One datagram understood. `local` counts seconds from 1970 in the device's own local time.

    `serial` is the concentrator's, 15 characters where provisioning has 16; in a push it is that of
    the device itself. `mac` belongs to the meter kinds, `address` to WAKE_UP. `sequence` is kept
    and never used to tell messages apart. A push may give its `deviation` (minutes from local time
    to UTC), and is proven if it opened under the keys of its device.
    """

    kind: Kind
    serial: str
    local: int
    mac: bytes = b""
    address: str = ""
    sequence: int = 0
    deviation: int | None = None
    is_proven: bool = False

    @property
    def same(self) -> tuple[str, int, Kind, bytes]:
        """What makes two datagrams one event within a day."""
        return self.serial, self.local, self.kind, self.mac


class Unparsed(NamedTuple):
    """Bytes that say nothing we know; kept and counted under their reason, never dropped."""

    reason: str


class _Wrong(ValueError):
    """Why a datagram is not understood."""


def decode(raw: bytes) -> Message | Unparsed:
    """The meaning of one datagram; never raises, whatever the bytes are."""
    try:
        return _decoded(raw)
    except _Wrong as wrong:
        return Unparsed(str(wrong))


def encode(message: Message) -> bytes:
    """The datagram that says `message`; ValueError where a field does not fit."""
    serial = message.serial.encode("ascii")
    if len(serial) != SERIAL_SIZE:
        raise ValueError(f"serial {message.serial!r}: a datagram has room for {SERIAL_SIZE}")
    head = (_clock_of(message.local), serial)
    write = _ENCODE.get(message.kind)
    if write is None:
        raise ValueError(f"{message.kind}: no datagram says that")
    body, number = write(message, head)
    length = len(body) + _HEADER.size - _COUNTED_FROM
    return _HEADER.pack(VERSION, FAMILY, length, message.sequence, number) + body


def _decoded(raw: bytes) -> Message:
    if len(raw) < _HEADER.size:
        raise _Wrong("too short")
    if len(raw) > LARGEST:
        raise _Wrong("too long")
    version, family, length, sequence, number = _HEADER.unpack_from(raw)
    if (version, family) != (VERSION, FAMILY):
        raise _Wrong("unknown family")
    if length != len(raw) - _COUNTED_FROM:
        raise _Wrong("wrong length")
    reader = _DECODE.get(number)
    if reader is None:
        raise _Wrong("unknown type")
    layout, message = reader
    if len(raw) != _HEADER.size + layout.size:
        raise _Wrong("wrong length")
    clock, serial, *rest = layout.unpack_from(raw, _HEADER.size)
    return message(_text(serial), _instant(clock), rest, sequence)


def _power(serial: str, local: int, rest: _Rest, sequence: int) -> Message:
    kind = _POWER_STATES.get(rest[0])
    if kind is None:
        raise _Wrong("unknown state")
    return Message(kind, serial, local, b"", "", sequence)


def _reachability(serial: str, local: int, rest: _Rest, sequence: int) -> Message:
    mac, state = rest
    kind = _REACHABILITY_STATES.get(state)
    if kind is None:
        raise _Wrong("unknown state")
    return Message(kind, serial, local, bytes(mac), "", sequence)


def _wake_up(serial: str, local: int, rest: _Rest, sequence: int) -> Message:
    address = str(ipaddress.IPv4Address(rest[0]))
    return Message(Kind.WAKE_UP, serial, local, b"", address, sequence)


@lru_cache(maxsize=4096)  # a concentrator speaks of many meters, and all of them at once
def _text(serial: bytes) -> str:
    text = serial.decode("ascii", "replace")
    if not (text.isascii() and text.isalnum()):
        raise _Wrong("serial is no text")
    return text


@lru_cache(maxsize=4096)
def _instant(clock: bytes) -> int:
    hour, minute, second, day, month, year = clock
    if hour > 23 or minute > 59 or second > 59:
        raise _Wrong("impossible time")
    try:
        at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise _Wrong("impossible date") from None
    return int(at.timestamp())


def _clock_of(local: int) -> bytes:
    at = datetime.fromtimestamp(local, UTC)
    if not 2000 <= at.year <= 2255:
        raise ValueError(f"year {at.year}: a datagram has room for 2000 to 2255")
    return bytes((at.hour, at.minute, at.second, at.day, at.month, at.year - 2000))


_Head = tuple[object, ...]
_POWER_STATES: dict[bytes | int, Kind] = {1: Kind.CONCENTRATOR_OFF, 2: Kind.CONCENTRATOR_ON}
_REACHABILITY_STATES: dict[bytes | int, Kind] = {1: Kind.METER_LOST, 2: Kind.METER_BACK}
_STATE = {
    kind: state for table in (_POWER_STATES, _REACHABILITY_STATES) for state, kind in table.items()
}
_Reader = Callable[[str, int, _Rest, int], Message]
_DECODE: dict[int, tuple[struct.Struct, _Reader]] = {
    POWER_TYPE: (_POWER, _power),
    REACHABILITY_TYPE: (_REACHABILITY, _reachability),
    WAKE_UP_TYPE: (_WAKE_UP, _wake_up),
}


def _encode_power(message: Message, head: _Head) -> tuple[bytes, int]:
    return _POWER.pack(*head, _STATE[message.kind]), POWER_TYPE


def _encode_reachability(message: Message, head: _Head) -> tuple[bytes, int]:
    if len(message.mac) != MAC_SIZE:
        raise ValueError(f"a MAC address has {MAC_SIZE} bytes")
    return _REACHABILITY.pack(*head, message.mac, _STATE[message.kind]), REACHABILITY_TYPE


def _encode_wake_up(message: Message, head: _Head) -> tuple[bytes, int]:
    return _WAKE_UP.pack(*head, ipaddress.IPv4Address(message.address).packed), WAKE_UP_TYPE


_ENCODE: dict[Kind, Callable[[Message, _Head], tuple[bytes, int]]] = {
    Kind.CONCENTRATOR_OFF: _encode_power,
    Kind.CONCENTRATOR_ON: _encode_power,
    Kind.METER_LOST: _encode_reachability,
    Kind.METER_BACK: _encode_reachability,
    Kind.WAKE_UP: _encode_wake_up,
}
