"""Random bytes and mutated valid frames: only GarbledError may escape, and always an answer."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.protocol import association
from devices.protocol.apdu import (
    decode_action_request,
    decode_action_response,
    decode_confirmed_service_error,
    decode_exception,
    decode_get_request,
    decode_get_response,
    decode_release,
    decode_set_request,
    decode_set_response,
)
from devices.protocol.association import Mechanism
from devices.protocol.errors import GarbledError
from devices.protocol.objects import CLOCK, capture_objects, object_list, sap_list, scaler_unit
from devices.protocol.status_words import concentrator_labels
from tests.devices.protocol import test_golden as golden
from tests.devices.protocol.strategies import values
from tests.devices.protocol.worlds import BUFFER, METER, World, settings_of

DECODERS = [
    decode_action_request,
    decode_action_response,
    decode_confirmed_service_error,
    decode_exception,
    decode_get_request,
    decode_get_response,
    decode_release,
    decode_set_request,
    decode_set_response,
    association.decode_request,
    association.decode_response,
    association.decode_initiate,
    concentrator_labels,
]
SEEDS = [
    golden.AARQ[8:],
    golden.AARE[8:],
    golden.GET_CLOCK[8:],
    golden.CLOCK_ANSWER[8:],
    golden.GET_T2,
    golden.T2_ANSWER,
    golden.DISCONNECT,
    bytes.fromhex("6203800100"),
    bytes.fromhex("C402C1000000000100021234"),
    bytes.fromhex("C403C1020011050101"),
    bytes.fromhex("C101C100080000010000FF0200090100"),
    bytes.fromhex("C102C100080000010000FF0200000000000102AABB"),
    bytes.fromhex("C304C1000F0000280000FF01000000000102AABB"),
    bytes.fromhex("C503C10000000001"),
    bytes.fromhex("C701C100010009020102"),
    bytes.fromhex("D80106000000FF"),
    bytes.fromhex("0E010602"),
    bytes.fromhex("DB0848455300010000010030"),
]


@st.composite
def mutated(draw) -> bytes:
    """A valid APDU with some bytes changed, cut or repeated."""
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(raw) - 1))
        raw[at] = draw(st.integers(0, 255))
    cut = draw(st.integers(1, len(raw)))
    return bytes(raw[:cut]) + draw(st.binary(max_size=8))


apdus = st.one_of(mutated(), st.binary(min_size=1, max_size=80))


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda d: d.__name__)
@given(apdu=apdus)
def test_every_decoder_gives_a_value_or_garbled(decoder, apdu):
    with contextlib.suppress(GarbledError):
        decoder(apdu)


@pytest.mark.parametrize(
    "reader", [capture_objects, object_list, sap_list, scaler_unit], ids=lambda r: r.__name__
)
@given(value=values)
def test_every_object_reader_gives_a_value_or_garbled(reader, value):
    with contextlib.suppress(GarbledError):
        reader(value)


def waiting(world: World, stage: int) -> None:
    """Brings the client to one of the places where bytes may arrive."""
    world.client.associate() if stage == 0 else world.ask(world.client.associate())
    if stage == 2:
        world.client.get(CLOCK.attribute(2))
    if stage == 3:
        world.client.get(BUFFER, stream=True)
    if stage == 4:
        world.client.set(CLOCK.attribute(2), bytes(9000))
    if stage == 5:
        world.client.release()


@given(apdus, st.integers(0, 5), st.sampled_from(Mechanism), st.booleans(), st.booleans())
@settings(max_examples=400)
def test_a_client_survives_whatever_a_device_answers(apdu, stage, mechanism, prefixed, framed):
    world = World(settings_of(mechanism, gateway=METER if prefixed else None))
    waiting(world, stage)
    client = {Mechanism.NONE: 16, Mechanism.LLS: 2, Mechanism.HLS5_GMAC: 1}[mechanism]
    payload = METER.response(apdu) if prefixed else apdu
    raw = golden.frame(1, client, payload) if framed else apdu
    with contextlib.suppress(GarbledError):
        world.client.receive(raw)


@given(st.lists(apdus, max_size=4), st.sampled_from(Mechanism), st.booleans())
@settings(max_examples=300)
def test_a_server_answers_whatever_it_is_sent(sent, mechanism, associated):
    world = World(settings_of(mechanism))
    if associated:
        world.ask(world.client.associate())
    client = {Mechanism.NONE: 16, Mechanism.LLS: 2, Mechanism.HLS5_GMAC: 1}[mechanism]
    for apdu in sent:
        assert world.session.answer(client, apdu)


@given(st.integers(0, 2000), st.integers(0, 255), st.sampled_from(Mechanism))
@settings(max_examples=200)
def test_a_mutated_session_ends_in_an_event_or_garbled(at, value, mechanism):
    world = World(settings_of(mechanism, max_pdu=300))
    position = 0

    def tamper(answer: bytes) -> bytes:
        nonlocal position
        raw, start = bytearray(answer), position
        position += len(raw)
        if start <= at < position:
            raw[at - start] = value
        return bytes(raw)

    world.tamper = tamper
    with contextlib.suppress(GarbledError):
        world.ask(world.client.associate())
        if world.session.associated and world.client.state.name == "READY":
            world.ask(world.client.get(BUFFER))
