"""The push setups of a meter: whom it tells of alarms and of its last gasp (profile 4.2, class 40).

What it pushes is sealed under its own keys. Windows, random start, retries and delay are there and
have no effect: a push that is lost stays lost.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from devices.protocol import expect, obis
from devices.protocol.axdr import I8, U8, U16, Data, Enum, decode_all, encode
from devices.protocol.errors import DataAccess, GarbledError
from devices.protocol.objects import ALARM_SETUP, LAST_GASP_SETUP, PushSetup
from devices.protocol.pushes import Told, wrapped
from devices.protocol.security import Sealer
from devices.simulator.changes import NO_EFFECT, Outcome
from devices.simulator.objects import CLOCK, DATA, LOGICAL_NAME, VALUE, ObjectTree
from devices.simulator.orders.inside import Inside
from devices.simulator.orders.upkeep import ALARMS, CLOCK_NAME, alarm_word

TCP, UDP = 0, 1  # transport services of attribute 3
NOWHERE = (Enum(UDP), b"", Enum(0))
SERIAL_NAME = "0.0.96.1.0"
PATIENCE = 3.0  # seconds for a connection


def install(tree: ObjectTree, inside: Inside, sealer: Sealer) -> None:
    """Add both setups; `sealer` is the meter's own side of the association that is open."""
    for setup in (ALARM_SETUP, LAST_GASP_SETUP):
        _install(tree, inside, sealer, setup)


def _install(tree: ObjectTree, inside: Inside, sealer: Sealer, setup: PushSetup) -> None:
    name, class_id = obis.text(setup.name), setup.CLASS_ID
    tree.value(class_id, name, setup.OBJECTS, lambda: _objects(setup))
    tree.value(class_id, name, setup.DESTINATION, lambda: _destination(inside, name))
    tree.change(class_id, name, setup.DESTINATION, _writer(inside, name))
    tree.value(class_id, name, setup.WINDOWS, lambda: [])
    tree.value(class_id, name, setup.RANDOM_START, lambda: U16(0))
    tree.value(class_id, name, setup.RETRIES, lambda: U8(0))
    tree.value(class_id, name, setup.DELAY, lambda: U16(0))

    def push(_: Data) -> Outcome:
        to = _read(_destination(inside, name))
        if to is None:
            return DataAccess.OTHER_REASON
        serial, stamp = inside.meter.serial, inside.local.stamp(inside.clock)
        told = Told(setup.name, stamp, serial, alarm_word(inside))
        deliver(*to, wrapped(told.notification(), sealer))
        return NO_EFFECT

    tree.method(class_id, name, setup.PUSH, push)


def _objects(setup: PushSetup) -> Data:
    """Its own name, by which a push is known (*assumed*), clock, serial, alarm word."""
    listed = (
        (setup.CLASS_ID, setup.name, LOGICAL_NAME),
        (CLOCK, obis.parse(CLOCK_NAME), VALUE),
        (DATA, obis.parse(SERIAL_NAME), VALUE),
        (DATA, obis.parse(ALARMS), VALUE),
    )
    return [(U16(class_id), name, I8(index), U16(0)) for class_id, name, index in listed]


def _destination(inside: Inside, name: str) -> Data:
    kept = inside.holding.pushes.get(name)
    return decode_all(bytes.fromhex(kept)) if kept else NOWHERE


def _writer(inside: Inside, name: str) -> Callable[[Data], DataAccess]:
    def write(value: Data) -> DataAccess:
        _read(value)  # what names no place raises, and is refused
        inside.holding.pushes[name] = encode(value).hex()
        return DataAccess.SUCCESS

    return write


def _read(value: Data) -> tuple[int, str, int] | None:
    """(transport, host, port); None where it names nobody."""
    transport, place, message = expect.structure(value, "destination and method", 3)
    number = expect.integer(transport, "transport service")
    if number not in (TCP, UDP) or expect.integer(message, "message type") != 0:
        raise GarbledError("destination: transports 0 TCP and 1 UDP, message type 0 A-XDR")
    text = expect.octets(place, "destination").decode("ascii", "replace")
    host, _, port = text.rpartition(":")
    if not text:
        return None
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise GarbledError("destination: write host:port")
    return number, host, int(port)


def deliver(transport: int, host: str, port: int, raw: bytes) -> None:
    """Send it and forget it; nobody waits for a listener that does not answer."""
    send = _by_tcp if transport == TCP else _by_udp
    threading.Thread(target=send, args=((host, port), raw), daemon=True).start()


def _by_tcp(to: tuple[str, int], raw: bytes) -> None:
    with suppress(OSError), socket.create_connection(to, PATIENCE) as connection:
        connection.sendall(raw)


def _by_udp(to: tuple[str, int], raw: bytes) -> None:
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.sendto(raw, to)
