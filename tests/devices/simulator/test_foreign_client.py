"""dlms-cosem 21.3.2 (MIT), by other hands, reads our simulated devices over real sockets."""

import asyncio
import contextlib
import io
import logging
from datetime import UTC, datetime, timedelta, timezone

import pytest
from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.clients.blocking_tcp_transport import BlockingTcpTransport
from dlms_cosem.clients.dlms_client import DataResultError, DlmsClient
from dlms_cosem.cosem.selective_access import CaptureObject, RangeDescriptor
from dlms_cosem.exceptions import DlmsClientException

from devices.protocol import clock
from devices.protocol.objects import Token
from devices.simulator import readings
from devices.simulator.device import FieldOptions
from devices.simulator.population import Fleet, Meter
from devices.simulator.server import running_field

FLEET = Fleet.generate(seed=1, concentrators=1, meters=3)
CONCENTRATOR = FLEET.concentrator(0)
NOW = int(datetime(2026, 6, 12, 15, tzinfo=UTC).timestamp())
OPTIONS = FieldOptions(now=lambda: NOW, lenient_counter=True)
TITLE = b"HES\x00\x01\x00\x00\x01"
SANTIAGO_WINTER = timezone(timedelta(hours=-4))


@pytest.fixture(autouse=True)
def quiet():
    """The library prints and logs raw APDUs."""
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()):
        yield
    logging.disable(logging.NOTSET)


class ThroughGateway(BlockingTcpTransport):
    """The library's transport with the gateway prefix around every APDU."""

    mac = b""

    def send(self, bytes_to_send: bytes) -> bytes:
        prefix = b"\xe6\x00\x06" + self.mac
        answer = super().send(prefix + bytes_to_send)
        assert answer[:9] == b"\xe7\x00\x06" + self.mac
        return answer[9:]


def client_of(transport: BlockingTcpTransport, keys: tuple[bytes, bytes], counter: int):
    return DlmsClient(
        client_logical_address=1, server_logical_address=1, io_interface=transport,
        authentication_method=enumerations.AuthenticationMechanism.HLS_GMAC,
        encryption_key=keys[0], authentication_key=keys[1], client_system_title=TITLE,
        client_initial_invocation_counter=counter, max_pdu_size=1024,
    )  # fmt: skip


def attribute(interface: enumerations.CosemInterface, obis: str, index: int):
    name = cosem.Obis(*map(int, obis.split(".")))
    return cosem.CosemAttribute(interface=interface, instance=name, attribute=index)


def keys_of(meter: Meter) -> tuple[bytes, bytes]:
    return meter.encryption_key, meter.authentication_key


DATA = enumerations.CosemInterface.DATA
REGISTER = enumerations.CosemInterface.REGISTER
PROFILE = enumerations.CosemInterface.PROFILE_GENERIC
CLOCK = enumerations.CosemInterface.CLOCK


async def in_a_thread(work):
    async with running_field(FLEET, options=OPTIONS, port_base=0) as field:
        return await asyncio.to_thread(work, *field.endpoint(CONCENTRATOR.serial))


async def test_it_reads_the_concentrator_in_a_mutually_authenticated_session():
    def work(host, port):
        client = client_of(BlockingTcpTransport(host, port, 1, 1), CONCENTRATOR.keys, 5)
        with client.session():
            serial = utils.parse_as_dlms_data(client.get(attribute(DATA, "0.0.96.1.0.255", 2)))
            stamp = utils.parse_as_dlms_data(client.get(attribute(CLOCK, "0.0.1.0.0.255", 2)))
            return serial, stamp

    serial, stamp = await in_a_thread(work)
    assert bytes(serial) == CONCENTRATOR.serial.encode()
    assert clock.decode(bytes(stamp)).utc == NOW


async def test_it_reads_a_days_profile_of_a_meter_through_the_gateway():
    meter = CONCENTRATOR.meters[0]
    begin = NOW - 86_400
    begin -= begin % 900

    def work(host, port):
        transport = ThroughGateway(host, port, 1, 1)
        transport.mac = meter.mac
        client = client_of(transport, keys_of(meter), 50)
        with client.session():
            total = utils.parse_as_dlms_data(client.get(attribute(REGISTER, "1.0.1.8.0.255", 2)))
            window = RangeDescriptor(
                restricting_object=CaptureObject(
                    cosem_attribute=attribute(CLOCK, "0.0.1.0.0.255", 2), data_index=0
                ),
                from_value=datetime.fromtimestamp(begin + 900, SANTIAGO_WINTER),
                to_value=datetime.fromtimestamp(begin + 86_400, SANTIAGO_WINTER),
            )
            raw = client.get(attribute(PROFILE, "1.0.99.1.0.255", 2), access_descriptor=window)
            return total, utils.parse_as_dlms_data(raw)

    total, rows = await in_a_thread(work)
    assert total == readings.register(1, meter.serial, 0, 0, NOW)
    assert len(rows) == 96
    wanted = readings.profile(1, meter.serial, 0, begin + 900, 96)
    assert tuple(row[2] for row in rows) == wanted
    assert clock.decode(bytes(rows[0][0])).utc == begin + 900


async def test_another_key_is_refused():
    def work(host, port):
        client = client_of(BlockingTcpTransport(host, port, 1, 1), (bytes(16), bytes(16)), 5)
        client.connect()
        try:
            with pytest.raises(DlmsClientException):
                client.associate()
        finally:
            client.disconnect()

    await in_a_thread(work)


async def test_an_unknown_object_is_an_error_for_it_too():
    def work(host, port):
        client = client_of(BlockingTcpTransport(host, port, 1, 1), CONCENTRATOR.keys, 5)
        with client.session(), pytest.raises(DataResultError):
            client.get(attribute(DATA, "0.0.96.99.0.255", 2))

    await in_a_thread(work)


def method(interface: enumerations.CosemInterface, obis: str, index: int):
    return cosem.CosemMethod(interface, cosem.Obis(*map(int, obis.split("."))), index)


async def test_it_disconnects_limits_and_charges_a_meter():
    meter = CONCENTRATOR.meters[0]
    interfaces = enumerations.CosemInterface
    charge = b"\x09\x0d" + Token(3, 500).encode()

    def work(host, port):
        transport = ThroughGateway(host, port, 1, 1)
        transport.mac = meter.mac
        client = client_of(transport, keys_of(meter), 50)
        with client.session():
            breaker = method(interfaces.DISCONNECT_CONTROL, "0.0.96.3.10.255", 1)
            client.action(breaker, b"\x0f\x00")
            limit = attribute(interfaces.LIMITER, "0.0.17.0.0.255", 4)
            client.set(limit, b"\x06\x00\x00\x07\xd0")
            client.action(method(interfaces.TOKEN_GATEWAY, "0.0.19.40.0.255", 1), charge)
            return client.get(attribute(interfaces.DISCONNECT_CONTROL, "0.0.96.3.10.255", 3))

    async with running_field(FLEET, options=OPTIONS, port_base=0) as field:
        state = await asyncio.to_thread(work, *field.endpoint(CONCENTRATOR.serial))
        held = field.holdings.meter(meter)
    assert state == b"\x16\x00"
    assert (held.control, held.normal, held.credit, held.transaction) == (0, 2_000, 500, 3)
