"""Time zone and time server of a concentrator (companion profile 3.1), kept in its holding."""

from collections.abc import Callable
from functools import partial

from devices.protocol import expect
from devices.protocol.axdr import I16, U16, Data, Enum, decode_all, encode
from devices.protocol.errors import DataAccess
from devices.simulator.holdings import ConcentratorHolding
from devices.simulator.objects import CLOCK, ObjectTree

NTP = 100
NTP_NAME, CLOCK_NAME = "0.0.25.10.0", "0.0.1.0.0"
NTP_INSTALLED: dict[int, Data] = {2: False, 3: b"", 4: U16(123), 5: Enum(0)}
"""Activated, server, port, authentication of a concentrator as installed (*assumed*)."""
_CHECKS: dict[int, Callable[[Data], object]] = {
    2: lambda value: expect.boolean(value, "activated"),
    3: lambda value: expect.octets(value, "server"),
    4: lambda value: expect.integer(value, "port"),
    5: lambda value: expect.integer(value, "authentication"),
}


def install(tree: ObjectTree, held: ConcentratorHolding, deviation: int) -> None:
    """`deviation`: minutes to add to local normal time to get UTC, until an order sets others."""
    for index, installed in NTP_INSTALLED.items():
        _kept(tree, held, (NTP, NTP_NAME, index), installed, _CHECKS[index])
    zone = I16(deviation)
    _kept(tree, held, (CLOCK, CLOCK_NAME, 3), zone, lambda value: expect.integer(value, "zone"))


def _kept(
    tree: ObjectTree,
    held: ConcentratorHolding,
    place: tuple[int, str, int],
    installed: Data,
    check: Callable[[Data], object],
) -> None:
    """An attribute that keeps what is written; another shape raises, and is refused."""
    class_id, name, index = place
    key = f"{class_id}·{name}·{index}"
    tree.value(class_id, name, index, partial(_value, held, key, installed))
    tree.change(class_id, name, index, partial(_write, held, key, check))


def _value(held: ConcentratorHolding, key: str, installed: Data) -> Data:
    kept = held.written.get(key)
    return decode_all(bytes.fromhex(kept)) if kept else installed


def _write(
    held: ConcentratorHolding, key: str, check: Callable[[Data], object], value: Data
) -> DataAccess:
    check(value)
    held.written[key] = encode(value).hex()
    return DataAccess.SUCCESS
