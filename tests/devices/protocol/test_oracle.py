"""Against dlms-cosem 21.3.2 (MIT), an implementation of other hands: both ends of the wire."""

import contextlib
import io
import logging

import pytest
from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.clients.dlms_client import DataResultError, DlmsClient
from dlms_cosem.connection import XDlmsApduFactory
from dlms_cosem.exceptions import DlmsClientException, LocalDlmsProtocolError
from dlms_cosem.parsers import ProfileGenericBufferParser
from dlms_cosem.protocol import xdlms
from dlms_cosem.security import SecurityControlField, decrypt, gmac
from hypothesis import assume, given

from devices.protocol import axdr
from devices.protocol.apdu import (
    ActionRequest,
    ActionResponse,
    ExceptionResponse,
    GetBlock,
    GetRequest,
    GetResponse,
    Release,
    SetRequest,
    SetResponse,
)
from devices.protocol.association import Mechanism
from devices.protocol.errors import ActionStatus, DataAccess, ServiceError, StateError
from devices.protocol.objects import CLOCK
from devices.protocol.security import Opener, Sealer
from devices.protocol.wrapper import FrameReader, frame
from tests.devices.protocol import test_golden as golden
from tests.devices.protocol.strategies import values
from tests.devices.protocol.worlds import (
    CLIENT_TITLE,
    KEYS,
    NOW,
    SERVER_TITLE,
    World,
    settings_of,
)

EK, AK = bytes(range(16)), bytes(range(16, 32))


@pytest.fixture(autouse=True)
def quiet():
    """The library prints and logs raw APDUs."""
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()):
        yield
    logging.disable(logging.NOTSET)


class Wire:
    """The library's transport, over our server without any socket."""

    def __init__(self, client: int, **world) -> None:
        self.client_logical_address, self.server_logical_address, self.timeout = client, 1, 1
        self.world = World(settings_of(Mechanism.NONE), **world)

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def send(self, data: bytes) -> bytes:
        (answer,) = FrameReader().feed(
            self.world.serve(frame(self.client_logical_address, 1, data))
        )
        assert (answer.source, answer.destination) == (1, self.client_logical_address)
        return answer.payload


def client_of(client: int, lenient=True, **changes) -> DlmsClient:
    method = {
        16: None,
        2: enumerations.AuthenticationMechanism.LLS,
        1: enumerations.AuthenticationMechanism.HLS_GMAC,
    }[client]
    keys = {"encryption_key": EK, "authentication_key": AK} if client == 1 else {}
    given = {
        "client_logical_address": client,
        "server_logical_address": 1,
        "io_interface": Wire(client, lenient=lenient),
        "authentication_method": method,
        "password": b"password",
        "client_system_title": CLIENT_TITLE,
        "client_initial_invocation_counter": 7,
        **keys,
    }
    return DlmsClient(**{**given, **changes})


TIME = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0), 2)
NAME = cosem.CosemAttribute(enumerations.CosemInterface.DATA, cosem.Obis(0, 0, 42, 0, 0), 2)
BUFFER = cosem.CosemAttribute(
    enumerations.CosemInterface.PROFILE_GENERIC, cosem.Obis(0, 0, 96, 51, 2), 2
)
SHIFT = cosem.CosemMethod(enumerations.CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0), 6)


@pytest.mark.parametrize("client", [16, 2, 1])
def test_its_client_reads_writes_and_acts_on_our_server(client):
    with client_of(client).session() as theirs:
        assert utils.parse_as_dlms_data(theirs.get(TIME)) == bytearray(NOW)
        assert theirs.set(NAME, axdr.encode(b"changed")).result == 0
        assert utils.parse_as_dlms_data(theirs.get(NAME)) == b"changed"
        theirs.action(SHIFT, axdr.encode(axdr.I16(60)))
        device = theirs.io_interface.world.device
        assert device.done == [(CLOCK.method(6), 60)]
        with pytest.raises(DataResultError):
            theirs.get(cosem.CosemAttribute(TIME.interface, TIME.instance, 9))


@pytest.mark.parametrize("client", [16, 1])
def test_its_client_collects_our_blocks(client):
    with client_of(client, max_pdu_size=300).session() as theirs:
        rows = utils.parse_as_dlms_data(theirs.get(BUFFER))
    assert rows == [[n] for n in range(500)]


def test_its_second_use_of_one_counter_is_refused_unless_we_are_lenient():
    theirs = client_of(1, lenient=False)
    with pytest.raises(LocalDlmsProtocolError):
        theirs.associate()
    assert not theirs.io_interface.world.session.associated


def test_its_wrong_password_is_refused():
    with pytest.raises(DlmsClientException, match="REJECTED_PERMANENT"):
        client_of(2, password=b"wrong").associate()


@pytest.mark.parametrize(
    ("ours", "kind"),
    [
        (GetRequest(0xC1, CLOCK.attribute(2)), xdlms.GetRequestNormal),
        (GetResponse(0xC1, axdr.encode(NOW)), xdlms.GetResponseNormal),
        (GetResponse(0xC1, DataAccess.OBJECT_UNDEFINED), xdlms.GetResponseNormalWithError),
        (GetBlock(0xC1, False, 3, bytes(300)), xdlms.GetResponseWithBlock),
        (GetBlock(0xC1, True, 3, bytes(3)), xdlms.GetResponseLastBlock),
        (SetRequest(0xC1, CLOCK.attribute(2), None, axdr.encode(NOW)), xdlms.SetRequestNormal),
        (SetResponse(0xC1, DataAccess.SUCCESS), xdlms.SetResponseNormal),
        (ActionRequest(0xC1, CLOCK.method(6), axdr.encode(axdr.I16(1))), xdlms.ActionRequestNormal),
        (ActionResponse(0xC1, ActionStatus.SUCCESS), xdlms.ActionResponseNormal),
        (
            ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceError.OTHER_REASON),
            xdlms.ExceptionResponse,
        ),
    ],
    ids=lambda x: type(x).__name__,
)
def test_its_parsers_take_our_services_for_what_they_are(ours, kind):
    theirs = XDlmsApduFactory.apdu_from_bytes(ours.encode())
    assert isinstance(theirs, kind)
    if kind in (xdlms.GetRequestNormal, xdlms.SetRequestNormal, xdlms.ActionRequestNormal):
        assert theirs.to_bytes() == ours.encode()


def test_its_parsers_take_our_association_and_release():
    request = XDlmsApduFactory.apdu_from_bytes(golden.AARQ[8:])
    assert request.to_bytes() == golden.AARQ[8:]
    assert request.user_information.content.client_max_receive_pdu_size == 0x4000
    response = XDlmsApduFactory.apdu_from_bytes(golden.AARE[8:])
    assert response.result is enumerations.AssociationResult.ACCEPTED
    assert XDlmsApduFactory.apdu_from_bytes(Release(is_request=True).encode()).reason == 0


def test_our_association_with_mutual_authentication_is_what_it_reads():
    world = World(settings_of(Mechanism.HLS5_GMAC))
    request = XDlmsApduFactory.apdu_from_bytes(world.client.associate()[8:])
    assert request.ciphered
    assert request.system_title == CLIENT_TITLE
    assert request.authentication is enumerations.AuthenticationMechanism.HLS_GMAC
    assert request.authentication_value == bytes(range(16))
    assert request.user_information.content.invocation_counter == 100


@given(values)
def test_it_understands_every_value_we_write(value):
    assume(shared(value))
    assert plain(utils.parse_as_dlms_data(axdr.encode(value))) == plain(value)


def shared(value) -> bool:
    """False for the kinds it cannot decode or renders its own way."""
    if isinstance(value, list | tuple):
        return all(map(shared, value))
    return not isinstance(value, axdr.BitString | axdr.DateTime | axdr.F64 | axdr.Utf8)


def plain(value):
    """Arrays and structures as lists, octet-strings as bytes."""
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return bytes(value) if isinstance(value, bytearray) else value


def test_its_ciphers_open_ours_and_ours_open_its():
    control = SecurityControlField(0, authenticated=True, encrypted=True)
    sealed = Sealer(KEYS, CLIENT_TITLE, iter([5]).__next__).seal(b"\xc0\x01\xc1hello", general=True)
    cipher = XDlmsApduFactory.apdu_from_bytes(sealed)
    assert decrypt(control, CLIENT_TITLE, 5, EK, cipher.ciphered_text, AK) == b"\xc0\x01\xc1hello"
    assert cipher.to_bytes() == sealed
    assert Opener(KEYS, CLIENT_TITLE, 4).open(cipher.to_bytes()) == b"\xc0\x01\xc1hello"


def test_its_gmac_is_ours():
    only = SecurityControlField(0, authenticated=True)
    mac = gmac(only, SERVER_TITLE, 9, EK, AK, b"challenge")
    assert Sealer(KEYS, SERVER_TITLE, iter([9]).__next__).sign(b"challenge")[5:] == mac


def test_its_profile_parser_reads_the_rows_we_write_and_expands_the_clock_as_we_say():
    kinds = enumerations.CosemInterface
    columns = [
        cosem.CosemAttribute(kinds.CLOCK if n == 3 else kinds.DATA, cosem.Obis(0, 0, 1, 0, n), 2)
        for n in range(11)
    ]
    parser = ProfileGenericBufferParser(capture_objects=columns, capture_period=15)
    first, second = parser.parse_bytes(golden.T2_ANSWER[4:])
    assert [cell.value for cell in first][4:] == [8, 43, 5]
    assert first[3].value.minute == 15
    stamp, *energies = (cell.value for cell in second)
    assert (stamp.hour, stamp.minute, energies) == (10, 30, [45, 4])
