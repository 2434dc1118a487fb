"""The nine performatives and their frames (AMQP 1.0, 2.3 and 2.7); the annotations are the schema.

Every field is sent, nulls too: the SDK 5.15.1 indexes performatives blindly.
"""

import struct
from dataclasses import dataclass, fields
from typing import ClassVar, get_args, get_origin, get_type_hints

from integration.eventhub_local.codec import (
    Array,
    Buffer,
    Described,
    Symbol,
    UByte,
    UInt,
    ULong,
    UShort,
    decode,
    encode,
)
from integration.eventhub_local.errors import AmqpError, DecodeError

Map = dict[object, object]
Symbols = Array | Symbol  # AMQP allows one value for an array of one


class Performative:
    """A frame body: a described list."""

    __slots__ = ()
    code: ClassVar[int]


@dataclass(frozen=True, slots=True)
class Open(Performative):
    code: ClassVar[int] = 0x10
    container_id: str
    hostname: str | None = None
    max_frame_size: UInt | None = None
    channel_max: UShort | None = None
    idle_timeout: UInt | None = None
    outgoing_locales: Symbols | None = None
    incoming_locales: Symbols | None = None
    offered_capabilities: Symbols | None = None
    desired_capabilities: Symbols | None = None
    properties: Map | None = None


@dataclass(frozen=True, slots=True)
class Begin(Performative):
    code: ClassVar[int] = 0x11
    remote_channel: UShort | None
    next_outgoing_id: UInt
    incoming_window: UInt
    outgoing_window: UInt
    handle_max: UInt | None = None
    offered_capabilities: Symbols | None = None
    desired_capabilities: Symbols | None = None
    properties: Map | None = None


@dataclass(frozen=True, slots=True)
class Attach(Performative):
    code: ClassVar[int] = 0x12
    name: str
    handle: UInt
    is_receiver: bool
    send_settle_mode: UByte | None = None
    receive_settle_mode: UByte | None = None
    source: Described | None = None
    target: Described | None = None
    unsettled: Map | None = None
    incomplete_unsettled: bool | None = None
    initial_delivery_count: UInt | None = None
    max_message_size: ULong | None = None
    offered_capabilities: Symbols | None = None
    desired_capabilities: Symbols | None = None
    properties: Map | None = None


@dataclass(frozen=True, slots=True)
class Flow(Performative):
    code: ClassVar[int] = 0x13
    next_incoming_id: UInt | None
    incoming_window: UInt
    next_outgoing_id: UInt
    outgoing_window: UInt
    handle: UInt | None = None
    delivery_count: UInt | None = None
    link_credit: UInt | None = None
    available: UInt | None = None
    drain: bool | None = None
    echo: bool | None = None
    properties: Map | None = None


@dataclass(frozen=True, slots=True)
class Transfer(Performative):
    code: ClassVar[int] = 0x14
    handle: UInt
    delivery_id: UInt | None = None
    delivery_tag: bytes | None = None
    message_format: UInt | None = None
    settled: bool | None = None
    more: bool | None = None
    receive_settle_mode: UByte | None = None
    state: Described | None = None
    resume: bool | None = None
    aborted: bool | None = None
    batchable: bool | None = None


@dataclass(frozen=True, slots=True)
class Disposition(Performative):
    code: ClassVar[int] = 0x15
    is_receiver: bool
    first: UInt
    last: UInt | None = None
    settled: bool | None = None
    state: Described | None = None
    batchable: bool | None = None


@dataclass(frozen=True, slots=True)
class Detach(Performative):
    code: ClassVar[int] = 0x16
    handle: UInt
    closed: bool | None = None
    error: Described | None = None


@dataclass(frozen=True, slots=True)
class End(Performative):
    code: ClassVar[int] = 0x17
    error: Described | None = None


@dataclass(frozen=True, slots=True)
class Close(Performative):
    code: ClassVar[int] = 0x18
    error: Described | None = None


@dataclass(frozen=True, slots=True)
class SaslMechanisms(Performative):
    code: ClassVar[int] = 0x40
    mechanisms: Symbols


@dataclass(frozen=True, slots=True)
class SaslInit(Performative):
    code: ClassVar[int] = 0x41
    mechanism: Symbol
    initial_response: bytes | None = None
    hostname: str | None = None


@dataclass(frozen=True, slots=True)
class SaslOutcome(Performative):
    code: ClassVar[int] = 0x44
    result: UByte
    additional_data: bytes | None = None


IN = (Open, Begin, Attach, Flow, Transfer, Disposition, Detach, End, Close, SaslInit)
OUT = (SaslMechanisms, SaslOutcome)
BY_CODE: dict[int, type[Performative]] = {kind.code: kind for kind in IN}
NAMES: dict[type[Performative], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (*IN, *OUT)
}


def _classes(hint: type) -> tuple[type, ...]:
    """The classes an annotation names, for isinstance: `dict[...] | None` is dict or None."""
    return tuple(get_origin(part) or part for part in get_args(hint) or (hint,))


def _schema(kind: type[Performative]) -> list[tuple[str, tuple[type, ...]]]:
    hints = get_type_hints(kind)
    return [(name, _classes(hints[name])) for name in NAMES[kind]]


SCHEMAS = {kind: _schema(kind) for kind in BY_CODE.values()}

HEADER = struct.Struct(">IBBH")
AMQP, SASL = 0, 1
EMPTY_FRAME = HEADER.pack(HEADER.size, 2, AMQP, 0)


def encode_frame(
    channel: int, performative: Performative, payload: Buffer = b"", kind: int = AMQP
) -> bytes:
    """A whole frame."""
    values = [getattr(performative, name) for name in NAMES[type(performative)]]
    body = encode(Described(ULong(performative.code), values))
    return HEADER.pack(HEADER.size + len(body) + len(payload), 2, kind, channel) + body + payload


def decode_body(body: Buffer) -> tuple[Performative, Buffer]:
    """Performative and payload of a frame's body."""
    described, position = decode(body)
    if not isinstance(described, Described) or not isinstance(described.value, list):
        raise DecodeError("a frame does not begin with a performative")
    code = described.descriptor
    kind = BY_CODE.get(code) if isinstance(code, int) else None
    if kind is None:
        raise AmqpError("amqp:not-implemented", f"unknown performative {code!s:.40}")
    return _checked(kind, described.value), body[position:]


def _checked(kind: type[Performative], values: list[object]) -> Performative:
    schema = SCHEMAS[kind]
    if len(values) > len(schema):
        raise DecodeError(f"{kind.__name__} has {len(values)} fields")
    values = values + [None] * (len(schema) - len(values))
    for (name, classes), value in zip(schema, values, strict=True):
        if not isinstance(value, classes):
            raise DecodeError(f"{kind.__name__}.{name} is a {type(value).__name__}")
    return kind(*values)


def error(fault: AmqpError) -> Described:
    """The error of a detach, end, close or rejection (AMQP 1.0, 2.8.14)."""
    return Described(ULong(0x1D), [Symbol(fault.condition), fault.description, {}])


ACCEPTED = Described(ULong(0x24), [])


def rejected(fault: AmqpError) -> Described:
    """The outcome of a delivery that is not taken (AMQP 1.0, 3.4.3)."""
    return Described(ULong(0x25), [error(fault)])
