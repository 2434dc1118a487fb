"""The worked bytes of the companion profile, section 8."""

from devices.protocol import clock
from devices.protocol.apdu import (
    ActionRequest,
    Attribute,
    ExceptionResponse,
    GetRequest,
    GetResponse,
    Method,
    Release,
    decode_action_request,
    decode_exception,
    decode_get_request,
    decode_get_response,
    decode_release,
)
from devices.protocol.association import (
    AssociationResponse,
    Initiate,
    decode_initiate,
    decode_request,
    decode_response,
)
from devices.protocol.axdr import I8, U32, encode
from devices.protocol.connection import ClientConnection, ClientSettings
from devices.protocol.errors import AssociationResult, ServiceError, StateError
from devices.protocol.events import Associated, Data, NodeSilent, ServerException
from devices.protocol.gateway import GatewayAddress
from devices.protocol.objects import CLOCK, Clock
from devices.protocol.rows import BufferDecoder, array_header, row_shape
from devices.protocol.selective import ByRange
from devices.protocol.tables import LOAD_PROFILE
from devices.protocol.tables.base import CYCLE
from devices.protocol.wrapper import frame


def wire(text: str) -> bytes:
    return bytes.fromhex(text.replace("[", "").replace("]", ""))


AARQ = wire(
    "[0001 0010 0001 001F] 60 1D A1 09 06 07 60 85 74 05 08 01 01 BE 10 04 0E 01 00 00 00 06 5F 1F"
    "04 00 00 1E 1D 40 00"
)
AARE = wire(
    "[0001 0001 0010 002B] 61 29 A1 09 06 07 60 85 74 05 08 01 01 A2 03 02 01 00 A3 05 A1 03 02 01"
    "00 BE 10 04 0E 08 00 06 5F 1F 04 00 00 1E 1D 20 00 00 07"
)
GET_CLOCK = wire("[0001 0010 0001 000D] C0 01 C1 00 08 00 00 01 00 00 FF 02 00")
CLOCK_ANSWER = wire("[0001 0001 0010 0012] C4 01 C1 00 09 0C 07 EA 0B 14 05 0A 0F 00 00 00 B4 80")
GET_CLOCK_OF_METER = wire(
    "[0001 0010 0001 0016] E6 00 06 86 0E 24 0E 99 5A C0 01 C1 00 08 00 00 01 00 00 FF 02 00"
)
GET_T2 = wire(
    "C0 01 C1 00 07 00 00 60 33 02 FF 02 01 01 02 04 02 04 12 00 01 09 06 00 00 60 35 01 FF 0F 02"
    "12 00 00 06 00 00 01 A4 06 00 00 01 A4 01 00"
)
FIRST_ROW = wire(
    "02 0B 06 00 00 01 A4 09 06 86 0E 24 0E 99 5A 11 0F 09 0C 07 EA 0B 14 05 0A 0F 00 00 00 B4 80"
    "11 08 06 00 00 00 2B 06 00 00 00 05 00 00 00 00"
)
NEXT_ROW = wire("02 0B 00 00 00 00 00 06 00 00 00 2D 06 00 00 00 04 00 00 00 00")
T2_ANSWER = wire("C4 01 C1 00 01 02") + FIRST_ROW + NEXT_ROW
DISCONNECT = wire("C3 01 C1 00 46 00 00 60 03 0A FF 01 01 0F 00")
NOW = wire("07 EA 0B 14 05 0A 0F 00 00 00 B4 80")
MAC = wire("860E240E995A")
KEYED = ((6, 0), (9, 6), (17, 0), (9, 12), (17, 0), (6, 0), (6, 0), (0, 0), (0, 0), (0, 0), (0, 0))


def public() -> ClientConnection:
    return ClientConnection(ClientSettings(client=16))


def test_a_public_association_and_a_clock_reading_are_the_profiles_bytes():
    connection = public()
    assert connection.associate() == AARQ
    assert connection.receive(AARE) == [Associated(None, 0x001E1D, 0x2000)]
    assert connection.get(CLOCK.attribute(Clock.TIME)) == GET_CLOCK
    assert connection.receive(CLOCK_ANSWER) == [Data(NOW)]
    assert clock.decode(NOW).utc == 1795180500


def test_the_same_reading_of_a_meter_carries_its_prefix():
    connection = ClientConnection(ClientSettings(client=16, gateway=GatewayAddress(MAC)))
    connection.associate()
    inner = AARE[8:]
    (event,) = connection.receive(frame(1, 16, GatewayAddress(MAC).response(inner)))
    assert isinstance(event, Associated)
    assert connection.get(CLOCK.attribute(Clock.TIME)) == GET_CLOCK_OF_METER
    silent = ServerException(StateError.SERVICE_UNKNOWN, ServiceError.OPERATION_NOT_POSSIBLE, None)
    assert connection.receive(wire("[0001 0001 0010 0003] D8 02 01")) == [NodeSilent(silent)]


def test_the_association_pdus_decode_and_encode_both_ways():
    request = decode_request(AARQ[8:])
    assert request.encode() == AARQ[8:]
    assert decode_initiate(request.initiate) == Initiate(0x001E1D, 0x4000)
    response = decode_response(AARE[8:])
    assert response.encode() == AARE[8:]
    initiate = Initiate(0x001E1D, 0x2000).response()
    assert response == AssociationResponse(False, AssociationResult.ACCEPTED, 0, initiate)


def test_one_cycle_of_the_load_profile_is_asked_as_printed():
    request = GetRequest(0xC1, LOAD_PROFILE.buffer, ByRange(CYCLE.source, U32(420), U32(420)))
    assert request.encode() == GET_T2
    assert decode_get_request(GET_T2) == request


def test_both_rows_of_the_load_profile_decode_with_their_nulls():
    response = decode_get_response(T2_ANSWER)
    assert isinstance(response, GetResponse)
    assert response.encode() == T2_ANSWER
    decoder = BufferDecoder(width=11)
    keyed, plain = decoder.feed(response.result)
    decoder.finish()
    nothing = (None,) * 4
    assert list(keyed.rows()) == [(420, MAC, 15, NOW, 8, 43, 5, *nothing)]
    assert list(plain.rows()) == [(None,) * 5 + (45, 4, *nothing)]


def test_both_rows_of_the_load_profile_are_written_as_printed():
    plain = tuple((0, 0) if at < 5 else cell for at, cell in enumerate(KEYED))
    first = row_shape(KEYED).pack([420, MAC, 15, NOW, 8, 43, 5])
    assert (first, row_shape(plain).pack([45, 4])) == (FIRST_ROW, NEXT_ROW)
    assert array_header(2) + first + NEXT_ROW == T2_ANSWER[4:]


def test_a_disconnection_is_asked_as_printed():
    request = ActionRequest(0xC1, Method(70, wire("0000 6003 0AFF"), 1), encode(I8(0)))
    assert request.encode() == DISCONNECT
    assert decode_action_request(DISCONNECT) == request
    assert str(request.method) == "70·0.0.96.3.10!1"
    assert str(Attribute(8, wire("0000 0100 00FF"), 2)) == "8·0.0.1.0.0·2"


def test_releases_and_the_silent_node_are_as_printed():
    assert Release(is_request=True).encode() == wire("62 03 80 01 00")
    assert decode_release(wire("63 03 80 01 00")) == Release(is_request=False)
    exception = ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceError.OPERATION_NOT_POSSIBLE)
    assert decode_exception(wire("D8 02 01")) == exception
    assert exception.encode() == wire("D8 02 01")
