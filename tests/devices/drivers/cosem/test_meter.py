"""A meter behind a concentrator, by the gateway prefix."""

import pytest

from devices.drivers.base import Cycles, Garbled, Locked, NodeSilent, Refused, Table, Timeout
from devices.drivers.cosem.driver import CosemDriver
from devices.protocol import clock
from devices.protocol.axdr import U8, U32, Enum
from devices.protocol.objects import Register
from tests.devices.drivers.cosem.device import Device, credentials, patient, serving, value_of
from tests.devices.drivers.cosem.rows import MAC, OTHER, T0

IMPORT = Register.at("1.0.1.8.0").attribute(Register.VALUE)
SERIAL = value_of("0.0.96.1.0")
GUEK, GAK = bytes(16), bytes(range(16, 32))


def meter(**changed) -> Device:
    known = {value_of("0.0.96.1.1"): MAC, IMPORT: U32(4711), SERIAL: b"UAAEEDN11100000000"}
    return Device(
        known | changed.pop("objects", {}), guek=GUEK, gak=GAK, title=b"MTRABCDE", max_pdu=1024,
        **changed,
    )  # fmt: skip


def gateway_result(mac: bytes, code: int):
    return (mac, U8(code), U8(2), Enum(1), clock.encode(T0, 180))


def keys():
    return credentials(guek=GUEK, gak=GAK)


async def opened(endpoint):
    return await CosemDriver(pause=0.01).open(endpoint, credentials(), patient())


async def read(endpoint, mac: bytes = MAC, known=None, seconds: float = 0.3):
    session = await opened(endpoint)
    try:
        async with session.meter(mac, known or keys(), seconds) as found:
            return await found.get(IMPORT)
    finally:
        await session.close()


async def test_a_meter_is_associated_identified_read_and_released_beside_its_concentrator():
    device = Device(nodes={MAC: meter()})
    async with serving(device) as endpoint:
        session = await opened(endpoint)
        async with session.meter(MAC, keys()) as found:
            assert await found.get_many([SERIAL, IMPORT]) == (b"UAAEEDN11100000000", 4711)
            assert found.server_title == b"MTRABCDE"
            assert found.server_counter > 0
        assert (await session.identify()).serial_number == "20LVM50A10006010"
        assert [batch async for batch in session.collect(Table.CLOSURES, Cycles(1, 1))] == []
        await session.close()
    assert device.connections == 1


async def test_meters_are_read_one_after_the_other():
    other = meter(objects={value_of("0.0.96.1.1"): OTHER, IMPORT: U32(1)})
    async with serving(Device(nodes={MAC: meter(), OTHER: other})) as endpoint:
        session = await opened(endpoint)
        found = []
        for mac in (MAC, OTHER):
            async with session.meter(mac, keys()) as node:
                found.append(await node.get(IMPORT))
        await session.close()
    assert found == [4711, 1]


@pytest.mark.parametrize(
    ("mac", "code", "text"),
    [
        (MAC, 21, "[TB_ACK_21] NODE NOT REACHABLE AGENT"),
        (MAC, 40, "[TB_ACK_40] REPEATER 1 FAILURE"),
        (MAC, 42, "[TB_ACK_42] REPEATER 3 FAILURE"),
        (OTHER, 42, "[TB_ACK_21] NODE NOT REACHABLE AGENT"),
    ],
)
async def test_a_silent_meter_is_explained_by_the_gateway_result(mac, code, text):
    device = Device({value_of("0.0.96.59.0"): gateway_result(mac, code)})
    async with serving(device) as endpoint:
        with pytest.raises(NodeSilent) as raised:
            await read(endpoint)
    assert raised.value.text == text


async def fall_silent(session, device: Device) -> None:
    async with session.meter(MAC, keys()) as found:
        device.nodes = {}
        await found.get(IMPORT)


async def test_a_meter_that_falls_silent_is_not_released_and_the_concentrator_stays_open():
    plc = meter()
    device = Device({value_of("0.0.96.59.0"): gateway_result(MAC, 41)}, nodes={MAC: plc})
    async with serving(device) as endpoint:
        session = await opened(endpoint)
        with pytest.raises(NodeSilent) as raised:
            await fall_silent(session, device)
        assert raised.value.code == 41
        before = device.requests
        assert (await session.identify()).software_number == 5
        assert device.requests == before + 1
        await session.close()


async def test_another_meter_than_the_addressed_one_is_refused_before_anything_is_sent():
    stranger = meter(objects={value_of("0.0.96.1.1"): OTHER})
    async with serving(Device(nodes={MAC: stranger})) as endpoint:
        with pytest.raises(Refused, match=r"TB_ACK_196. WRONG METER"):
            await read(endpoint)
    assert [attribute for attribute, _ in stranger.asked] == [value_of("0.0.96.1.1")]


async def test_keys_of_another_meter_lock_it():
    async with serving(Device(nodes={MAC: meter()})) as endpoint:
        with pytest.raises(Locked, match="TB_ACK_145"):
            await read(endpoint, known=credentials())


async def test_an_answer_by_another_node_is_garbled():
    def twist(number, request, answer):
        if request.gateway is None:
            return answer
        return answer[:11] + OTHER + answer[17:]

    async with serving(Device(nodes={MAC: meter()}, twist=twist)) as endpoint:
        with pytest.raises(Garbled):
            await read(endpoint)


async def test_a_gateway_that_never_answers_ends_by_the_deadline_of_the_gateway():
    def twist(number, request, answer):
        return answer if request.gateway is None else b""

    async with serving(Device(nodes={MAC: meter()}, twist=twist)) as endpoint:
        with pytest.raises(Timeout, match="TB_ACK_191"):
            await read(endpoint, seconds=0.1)


async def test_counters_of_a_meter_are_recovered_through_the_gateway():
    raised_to = []
    known = keys()
    known.counters = iter([5, *range(601, 700)]).__next__

    async def recover(value: int) -> None:
        raised_to.append(value)

    known.recover = recover
    async with serving(Device(nodes={MAC: meter(client_counter=500)})) as endpoint:
        assert await read(endpoint, known=known) == 4711
    assert raised_to == [601]
