"""Addresses of attributes and methods, the invoke id, and the tags of the services."""

import re
from dataclasses import dataclass

from devices.protocol import obis
from devices.protocol.cursor import Cursor
from devices.protocol.errors import GarbledError, ProtocolError

GET_REQUEST, SET_REQUEST, ACTION_REQUEST = 0xC0, 0xC1, 0xC3
GET_RESPONSE, SET_RESPONSE, ACTION_RESPONSE = 0xC4, 0xC5, 0xC7
EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR = 0xD8, 0x0E
DATA_NOTIFICATION = 0x0F
RELEASE_REQUEST, RELEASE_RESPONSE = 0x62, 0x63

CONFIRMED_HIGH = 0xC0
"""Invoke-id-and-priority flags: confirmed service, high priority; the low 4 bits count."""
_WRITTEN = re.compile(
    r"(?P<class_id>[0-9]{1,5})·(?P<name>[0-9.]{9,23})(?P<mark>[·!])(?P<index>[0-9]{1,3})"
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`class·OBIS·n`; the name is 6 bytes, see devices.protocol.obis."""

    class_id: int
    name: bytes
    index: int

    def __str__(self) -> str:
        return f"{self.class_id}·{obis.text(self.name)}·{self.index}"


@dataclass(frozen=True, slots=True)
class Method:
    """`class·OBIS!n`."""

    class_id: int
    name: bytes
    index: int

    def __str__(self) -> str:
        return f"{self.class_id}·{obis.text(self.name)}!{self.index}"


def attribute_named(text: str) -> Attribute:
    """The attribute written `class·OBIS·n`; ProtocolError where it is none."""
    return Attribute(*_parts(text, "·"))


def method_named(text: str) -> Method:
    """The method written `class·OBIS!n`; ProtocolError where it is none."""
    return Method(*_parts(text, "!"))


def _parts(text: str, mark: str) -> tuple[int, bytes, int]:
    found = _WRITTEN.fullmatch(text)
    if not found or found["mark"] != mark or int(found["class_id"]) > 0xFFFF:
        raise ProtocolError(f"{text[:60]!r} is not written class·OBIS{mark}number")
    if not 1 <= int(found["index"]) <= 0x7F:
        raise ProtocolError(f"{text[:60]!r}: numbers of attributes and methods are 1 to 127")
    return int(found["class_id"]), obis.parse(found["name"]), int(found["index"])


def write_name(name: Attribute | Method) -> bytes:
    """The 9 bytes of an attribute or method descriptor."""
    return name.class_id.to_bytes(2, "big") + name.name + name.index.to_bytes(1, "big", signed=True)


def read_attribute(cursor: Cursor) -> Attribute:
    """An attribute descriptor."""
    return Attribute(*_read_name(cursor))


def read_method(cursor: Cursor) -> Method:
    """A method descriptor."""
    return Method(*_read_name(cursor))


def _read_name(cursor: Cursor) -> tuple[int, bytes, int]:
    class_id, name = cursor.u16(), cursor.take(6)
    return class_id, name, int.from_bytes(cursor.take(1), "big", signed=True)


def opened(apdu: bytes, tag: int, name: str) -> tuple[Cursor, int, int]:
    """Cursor after tag, choice and invoke byte of a service APDU; then choice and invoke byte."""
    cursor = Cursor(apdu, name)
    if cursor.u8() != tag:
        raise GarbledError(f"{name}: tag {apdu[0]:02X} instead of {tag:02X}")
    return cursor, cursor.u8(), cursor.u8()
