"""Frames: all fields are sent, and what does not fit the tables of AMQP is refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.eventhub_local.codec import Array, Described, Symbol, UInt, ULong, UShort, decode
from integration.eventhub_local.codec import encode as encode_value
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.performatives import (
    ACCEPTED,
    HEADER,
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    SaslInit,
    Transfer,
    decode_body,
    encode_frame,
    error,
    rejected,
)

FAULT = AmqpError("amqp:not-found", "nothing there")
EXAMPLES = [
    (Open("me", "host", UInt(65536), properties={Symbol("product"): "x"}), 10),
    (Begin(UShort(1), UInt(0), UInt(10), UInt(10)), 8),
    (Attach("link", UInt(3), True, source=Described(ULong(0x28), ["hub"])), 14),
    (Flow(None, UInt(1), UInt(2), UInt(3), handle=UInt(0)), 11),
    (Transfer(UInt(0), UInt(7), b"tag", UInt(0x80013700), settled=False), 11),
    (Disposition(True, UInt(7), UInt(7), settled=True, state=ACCEPTED), 6),
    (Disposition(True, UInt(7), UInt(7), settled=True, state=rejected(FAULT)), 6),
    (Detach(UInt(3), closed=True, error=error(FAULT)), 3),
    (End(), 1),
    (Close(error(FAULT)), 1),
    (SaslInit(Symbol("ANONYMOUS")), 3),
]
each = pytest.mark.parametrize(
    ("performative", "count"), EXAMPLES, ids=lambda value: type(value).__name__
)


@each
def test_a_frame_comes_back_the_same(performative, count):
    frame = encode_frame(9, performative, b"payload")
    size, offset, kind, channel = HEADER.unpack_from(frame)
    assert (size, offset, kind, channel) == (len(frame), 2, 0, 9)
    assert decode_body(frame[HEADER.size :]) == (performative, b"payload")


@each
def test_every_field_is_sent(performative, count):
    described, _ = decode(encode_frame(0, performative)[HEADER.size :])
    assert len(described.value) == count


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\x40", "does not begin with a performative"),
        (encode_value(Described(ULong(0x99), [])), "unknown performative"),
        (encode_value(Described(Symbol("amqp:open:list"), [])), "unknown performative"),
        (encode_value(Described(ULong(0x10), [5])), r"Open\.container_id is a Long"),
        (encode_value(Described(ULong(0x11), [])), r"Begin\.next_outgoing_id is a NoneType"),
        (encode_value(Described(ULong(0x17), [None] * 9)), "End has 9 fields"),
    ],
)
def test_a_frame_that_is_none_says_what_is_wrong(body, message):
    with pytest.raises(AmqpError, match=message):
        decode_body(body)


def test_trailing_fields_may_be_left_out():
    body = encode_value(Described(ULong(0x10), ["me"]))
    assert decode_body(body) == (Open("me"), b"")


def test_several_symbols_are_an_array_and_one_may_stand_alone():
    for symbols in (Symbol("a"), Array([Symbol("a"), Symbol("b")])):
        opened = Open("me", desired_capabilities=symbols)
        assert decode_body(encode_frame(0, opened)[HEADER.size :])[0] == opened


@given(st.binary(max_size=100))
def test_any_body_is_a_performative_or_an_amqp_error(body):
    with suppress(AmqpError):
        decode_body(body)
