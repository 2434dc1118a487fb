"""Pushes of devices: what a DataNotification in its wrapper says, and back (profile 4.2, class 40).

A body is a structure; its parts are told apart by what they are: a clock (12 bytes), the name of
the push setup (6), a serial (text), alarm words (numbers). The name says what the push is about, as
in SMR 5.5: 0.3.25.9.0 is the last gasp, any other an alarm. Order and number of parts do not count,
so ours (name, clock, serial, word: *assumed*) and those of SMR (serial, name, words) are both read.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from devices.protocol import clock, expect, gateway
from devices.protocol.apdu.names import DATA_NOTIFICATION
from devices.protocol.apdu.notification import DataNotification, decode_data_notification
from devices.protocol.axdr import U32, Data
from devices.protocol.cursor import Cursor
from devices.protocol.errors import CipherError, CounterError, GarbledError
from devices.protocol.obis import parse
from devices.protocol.security import GLOBAL, TITLE_SIZE, Keys, Opener, Sealer
from devices.protocol.spontaneous import NO_STAMP, Kind, Message, Unparsed
from devices.protocol.wrapper import VERSION, frame

ALARM_PUSH, LAST_GASP = parse("0.0.25.9.0"), parse("0.3.25.9.0")
SERVER, CLIENT = 1, 1
"""wPorts: the management logical device tells the management client (*assumed*)."""
PARTS_AT_MOST = 8
LONGEST_SERIAL = 32
_HEADER = struct.Struct(">HHHH")
START = VERSION.to_bytes(2, "big")
"""How every wrapped APDU begins; no datagram of `spontaneous` does."""


class Sealed(NamedTuple):
    """A push that opens under the keys of the device with system title `title` (general-glo)."""

    title: bytes
    apdu: bytes


class Told(NamedTuple):
    """What a push carries; `stamp` is a date-time of 12 bytes."""

    name: bytes
    stamp: bytes
    serial: str
    alarm_word: int

    def notification(self) -> bytes:
        """The APDU, in clear."""
        return DataNotification(
            (self.name, self.stamp, self.serial.encode(), U32(self.alarm_word))
        ).encode()


def wrapped(apdu: bytes, sealer: Sealer | None = None) -> bytes:
    """A notification as it leaves, ciphered by `sealer` if given; the same over UDP and TCP."""
    return frame(SERVER, CLIENT, apdu if sealer is None else sealer.seal(apdu, general=True))


def decode(raw: bytes) -> Message | Sealed | Unparsed:
    """The meaning of one wrapped push; never raises, whatever the bytes are."""
    try:
        return _decoded(_payload(raw))
    except GarbledError:
        return Unparsed("push does not decode")


def unseal(sealed: Sealed, keys: Keys) -> Message | Unparsed:
    """What a sealed push says; it is proven to come from whoever holds `keys`.

    Its counter is not compared with earlier ones: a push said twice is a duplicate by its stamp.
    """
    try:
        apdu = Opener(keys, sealed.title).open(sealed.apdu)
        return _message(apdu)._replace(is_proven=True)
    except (CipherError, CounterError):
        return Unparsed("push does not open")
    except GarbledError:
        return Unparsed("push does not decode")


def _payload(raw: bytes) -> bytes:
    """The APDU; a concentrator that hands it on for a meter puts the gateway prefix before it."""
    if len(raw) <= _HEADER.size or _HEADER.unpack_from(raw)[3] != len(raw) - _HEADER.size:
        raise GarbledError("a datagram holds one frame, whole")
    return gateway.split(raw[_HEADER.size :], gateway.RESPONSE)[1]


def _decoded(apdu: bytes) -> Message | Sealed | Unparsed:
    if apdu[:1] == bytes((DATA_NOTIFICATION,)):
        return _message(apdu)
    if apdu[:1] == bytes((GLOBAL.general,)):
        title = Cursor(apdu, "sealed push", pos=1).octets()
        return Sealed(title, apdu) if len(title) == TITLE_SIZE else Unparsed("push of no device")
    return Unparsed("no push")


def _message(apdu: bytes) -> Message:
    told = decode_data_notification(apdu)
    parts = expect.structure(told.body, "push body")
    if len(parts) > PARTS_AT_MOST:
        raise GarbledError(f"push of {len(parts)} parts")
    name, stamp, serial = _named(parts)
    known = clock.decode(stamp or told.time) if stamp or told.time else None
    return Message(
        Kind.METER_LOST if name == LAST_GASP else Kind.METER_ALARM,
        serial,
        known.local if known else NO_STAMP,
        deviation=known.deviation if known else None,
    )


def _named(parts: tuple[Data, ...]) -> tuple[bytes, bytes, str]:
    """Name of the push setup, date-time, serial; empty where there is none, but the serial."""
    name, stamp, serial = b"", b"", ""
    for part in filter(None, _octets(parts)):
        if len(part) == 6 and not name:
            name = part
        elif len(part) == 12 and _is_stamp(part):
            stamp = part
        else:
            serial = _serial(part)
    if not serial:
        raise GarbledError("push without a serial")
    return name, stamp, serial


def _octets(parts: tuple[Data, ...]) -> Iterator[bytes]:
    """Strings of any type, as bytes; numbers are alarm words, which a visit reads by itself."""
    for part in parts:
        if isinstance(part, str):
            yield part.encode("ascii", "replace")
        elif isinstance(part, bytes):
            yield bytes(part)
        else:
            expect.integer(part, "alarm word")


def _is_stamp(raw: bytes) -> bool:
    try:
        clock.decode(raw)
    except GarbledError:
        return False
    return True


def _serial(raw: bytes) -> str:
    text = raw.decode("ascii", "replace").rstrip()
    if not (text.isascii() and text.isalnum() and len(text) <= LONGEST_SERIAL):
        raise GarbledError("serial is no text")
    return text
