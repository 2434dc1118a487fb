"""Messages: stored as the producer encoded them, told apart from garbage."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.eventhub_local import messages
from integration.eventhub_local.codec import Described, Long, Symbol, ULong, decode, encode
from integration.eventhub_local.errors import DecodeError


def section(code: int, value: object) -> bytes:
    return encode(Described(ULong(code), value))


PROPERTIES = section(messages.PROPERTIES, ["id", None, None, None, None, None, Symbol("text/csv")])
APPLICATION = section(messages.APPLICATION_PROPERTIES, {"kind": "S", "lines": Long(3)})
BODY = section(messages.DATA, b"a;b\n")
BARE = PROPERTIES + APPLICATION + BODY
KEYED = section(messages.MESSAGE_ANNOTATIONS, {Symbol(messages.PARTITION_KEY): "meter"})
HEADER = section(0x70, [True])
OWN = {Symbol("x-opt-sequence-number"): Long(7)}


def batch(*inner: bytes, annotations: bytes = b"") -> bytes:
    return annotations + b"".join(section(messages.DATA, each) for each in inner)


def test_the_bare_message_is_kept_byte_for_byte():
    (stored,) = messages.unpack(HEADER + KEYED + BARE, 0)
    assert messages.bare_message(stored) == BARE
    assert messages.partition_key(stored) == "meter"


def test_a_delivery_carries_our_annotations_and_the_producers():
    (stored,) = messages.unpack(KEYED + BARE, 0)
    delivered = messages.deliverable(stored, OWN)
    annotations, end = decode(delivered)
    assert annotations.value == {"x-opt-sequence-number": 7, messages.PARTITION_KEY: "meter"}
    assert delivered[end:] == BARE


def test_a_delivery_may_tell_what_the_last_message_is():
    (stored,) = messages.unpack(BARE, 0)
    delivered = messages.deliverable(stored, OWN, {Symbol("last_enqueued_offset"): "9"})
    codes = [each.code for each in messages.sections(delivered)]
    assert codes[:2] == [messages.DELIVERY_ANNOTATIONS, messages.MESSAGE_ANNOTATIONS]


def test_a_producer_cannot_forge_a_place():
    forged = section(messages.MESSAGE_ANNOTATIONS, {Symbol("x-opt-offset"): "999"})
    (stored,) = messages.unpack(forged + BARE, 0)
    assert decode(messages.deliverable(stored, OWN))[0].value == OWN


def test_a_batch_is_its_messages_and_they_share_its_partition_key():
    stored = messages.unpack(batch(BARE, BODY, annotations=KEYED), messages.BATCH_FORMAT)
    assert [messages.bare_message(each) for each in stored] == [BARE, BODY]
    assert [messages.partition_key(each) for each in stored] == ["meter", "meter"]


@pytest.mark.parametrize(
    ("data", "message_format"),
    [
        (b"", 0),
        (b"", messages.BATCH_FORMAT),
        (HEADER, 0),
        (b"no sections", 0),
        (section(0x99, None), 0),
        (section(messages.MESSAGE_ANNOTATIONS, "no map") + BODY, 0),
        (section(messages.MESSAGE_ANNOTATIONS, {b"\xff": 1}) + BODY, 0),
        (section(messages.DATA, "no bytes"), messages.BATCH_FORMAT),
        (batch(b"garbage"), messages.BATCH_FORMAT),
    ],
)
def test_what_is_no_message_is_refused(data, message_format):
    with pytest.raises(DecodeError):
        messages.unpack(data, message_format)


@given(st.binary(max_size=100), st.sampled_from([0, messages.BATCH_FORMAT]))
def test_any_bytes_are_messages_or_a_decode_error(data, message_format):
    for read in (
        lambda: messages.unpack(data, message_format),
        lambda: messages.read_request(data),
    ):
        with suppress(DecodeError):
            read()


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_bodies_pass_through_a_batch_unchanged(bodies):
    inner = [section(messages.DATA, body) for body in bodies]
    stored = messages.unpack(batch(*inner), messages.BATCH_FORMAT)
    assert [messages.bare_message(each) for each in stored] == inner
