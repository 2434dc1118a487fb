import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.errors import GarbledError, ProtocolError
from devices.protocol.gateway import REQUEST, RESPONSE, GatewayAddress, split
from devices.protocol.wrapper import FrameReader, frame

METER = GatewayAddress(bytes.fromhex("860E240E995A"))


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5), st.integers(1, 60))
def test_frames_are_found_however_the_stream_is_cut(payloads, step):
    stream = b"".join(frame(1, 16, payload) for payload in payloads)
    reader = FrameReader()
    found = [f for i in range(0, len(stream), step) for f in reader.feed(stream[i : i + step])]
    assert [f.payload for f in found] == payloads
    assert reader.pending == 0


@pytest.mark.parametrize("wire", ["0002000100100001AA", "0001000100100000", "000100010010FFFF"])
def test_a_wrong_version_an_empty_and_an_oversize_frame_are_garbled(wire):
    with pytest.raises(GarbledError):
        FrameReader(limit=1000).feed(bytes.fromhex(wire))


def test_an_apdu_over_the_limit_cannot_be_framed():
    with pytest.raises(ProtocolError):
        frame(1, 1, bytes(65_536))


@given(st.binary(max_size=40))
def test_random_bytes_give_frames_or_garbled(raw):
    with contextlib.suppress(GarbledError):
        FrameReader().feed(raw)
    with contextlib.suppress(GarbledError):
        split(raw, RESPONSE)


def test_the_prefix_of_the_profile_goes_to_the_meter_and_back():
    assert METER.request(b"\xc0") == bytes.fromhex("E60006860E240E995AC0")
    assert split(METER.request(b"\xc0"), REQUEST) == (METER, b"\xc0")
    assert split(METER.response(b"\xc4"), RESPONSE) == (METER, b"\xc4")
    assert split(b"\xd8\x02\x01", RESPONSE) == (None, b"\xd8\x02\x01")
