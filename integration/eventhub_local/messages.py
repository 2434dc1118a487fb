"""Messages in bytes: their sections (AMQP 1.0, 3.2), the batch format, what a delivery prepends.

A stored message is its own annotations (an encoded map, mostly empty) and its bare sections exactly
as they came; the header and delivery annotations end here.
"""

import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from integration.eventhub_local.codec import (
    Buffer,
    Described,
    Int,
    Symbol,
    ULong,
    decode,
    encode,
    skip,
)
from integration.eventhub_local.errors import DecodeError

BATCH_FORMAT = 0x80013700  # each data section holds a whole message

DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS, PROPERTIES = 0x71, 0x72, 0x73
APPLICATION_PROPERTIES, DATA, VALUE = 0x74, 0x75, 0x77
BARE = frozenset({PROPERTIES, APPLICATION_PROPERTIES, DATA, 0x76, VALUE, 0x78})
SECTIONS = BARE | {0x70, DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS}

PARTITION_KEY = "x-opt-partition-key"
OURS = frozenset({"x-opt-sequence-number", "x-opt-offset", "x-opt-enqueued-time"})

Annotations = dict[object, object]
MessageId = str | int | bytes | uuid.UUID

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its code, where its value begins, where it ends; it began at `begin`."""

    code: int
    begin: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks of `$cbs` or `$management`."""

    message_id: object
    reply_to: str
    properties: dict[str, object]
    value: object


def sections(data: Buffer) -> Iterator[Section]:
    """The sections in the order they come; values are walked over, not decoded."""
    position = 0
    while position < len(data):
        begin = position
        if data[begin] != 0:
            raise DecodeError(f"no section begins at byte {begin}")
        descriptor, value = decode(data, begin + 1)
        if descriptor not in SECTIONS:
            raise DecodeError(f"unknown section {descriptor!r:.40}")
        position = skip(data, value)
        yield Section(descriptor, begin, value, position)


def unpack(data: Buffer, message_format: int) -> list[bytes]:
    """The messages of one transfer in stored form; `DecodeError` when one is not a message."""
    if message_format != BATCH_FORMAT:
        return [_stored(data, {})]
    common: Annotations = {}
    inner = []
    for section in sections(data):
        if section.code == MESSAGE_ANNOTATIONS:
            common = _mapping(data, section)
        elif section.code == DATA:
            inner.append(_binary(data, section))
    if not inner:
        raise DecodeError("a batch without messages")
    return [_stored(each, common) for each in inner]


def partition_key(stored: Buffer) -> str:
    """The partition key of a stored message, "" if it has none."""
    length = _LENGTH.unpack_from(stored)[0]
    key = decode(stored, _LENGTH.size)[0].get(PARTITION_KEY) if length else ""  # type: ignore[attr-defined]
    return str(key or "")


def deliverable(stored: Buffer, own: Annotations, about: Annotations | None = None) -> bytes:
    """A stored message as it leaves: delivery annotations, annotations, bare message."""
    length = _LENGTH.unpack_from(stored)[0]
    bare = _LENGTH.size + length
    if length:
        own = own | cast(Annotations, decode(stored, _LENGTH.size)[0])
    head = _section(DELIVERY_ANNOTATIONS, about) if about else b""
    return head + _section(MESSAGE_ANNOTATIONS, own) + bytes(stored[bare:])


def bare_message(stored: Buffer) -> bytes:
    """The sections of a stored message as the producer encoded them."""
    return bytes(stored[_LENGTH.size + _LENGTH.unpack_from(stored)[0] :])


def read_request(data: Buffer) -> Request:
    """A request to one of the service's own nodes."""
    found: dict[int, object] = {
        section.code: decode(data, section.value)[0]
        for section in sections(data)
        if section.code in (PROPERTIES, APPLICATION_PROPERTIES, VALUE)
    }
    listed = found.get(PROPERTIES)
    properties = [*listed, *[None] * 5] if isinstance(listed, list) else [None] * 5
    asked = found.get(APPLICATION_PROPERTIES)
    if not isinstance(asked, dict):
        raise DecodeError("a request without application properties")
    named = {text(key): value for key, value in asked.items()}
    return Request(properties[0], text(properties[4]), named, found.get(VALUE))


def response(request: Request, status: int, description: str, value: object = "") -> bytes:
    """The answer to a request: it carries the request's id, in its type, as correlation id."""
    properties = [None, None, None, None, None, request.message_id]
    status_of = {"status-code": Int(status), "status-description": description}
    return (
        _section(PROPERTIES, properties)
        + _section(APPLICATION_PROPERTIES, status_of)
        + _section(VALUE, value)
    )


def text(value: object) -> str:
    """Names come as string, symbol or binary; "" for anything else."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value) if isinstance(value, str) else ""


def _stored(message: Buffer, common: Annotations) -> bytes:
    annotations, bare = dict(common), []
    for section in sections(message):
        if section.code == MESSAGE_ANNOTATIONS:
            annotations |= _mapping(message, section)
        elif section.code in BARE:
            bare.append(bytes(message[section.begin : section.end]))
    if not bare:
        raise DecodeError("a message without a body")
    kept = {_name(key): value for key, value in annotations.items() if text(key) not in OURS}
    head = encode(kept) if kept else b""
    return _LENGTH.pack(len(head)) + head + b"".join(bare)


def _name(key: object) -> Symbol:
    name = text(key)
    if not name.isascii():
        raise DecodeError(f"an annotation is named {name!r:.40}: names are ASCII")
    return Symbol(name)


def _mapping(data: Buffer, section: Section) -> Annotations:
    value, _ = decode(data, section.value)
    if not isinstance(value, dict):
        raise DecodeError("annotations are no map")
    return value


def _binary(data: Buffer, section: Section) -> bytes:
    value, _ = decode(data, section.value)
    if not isinstance(value, bytes):
        raise DecodeError("a data section is not binary")
    return value


def _section(code: int, value: object) -> bytes:
    return encode(Described(ULong(code), value))
