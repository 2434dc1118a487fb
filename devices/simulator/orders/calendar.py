"""Activity calendar: the passive tables become the active ones at a stroke."""

from collections.abc import Callable

from devices.protocol import expect
from devices.protocol.axdr import Data, decode_all, encode
from devices.protocol.errors import DataAccess
from devices.simulator.objects import ObjectTree
from devices.simulator.orders.inside import Inside

CALENDAR, NAME = 20, "0.0.13.0.0"
ACTIVE_FROM, PASSIVE_FROM, TABLES = 2, 6, 4
INSTALLED: tuple[Data, ...] = (b"DEFAULT", [], [], [])
"""Name, seasons, weeks and days of a meter as installed (*assumed*)."""


def install(tree: ObjectTree, inside: Inside) -> None:
    """Name, seasons, weeks, days, twice; both sides keep their values encoded."""
    held = inside.holding
    for place in range(TABLES):
        tree.value(CALENDAR, NAME, ACTIVE_FROM + place, _reader(held.calendar, place))
        tree.value(CALENDAR, NAME, PASSIVE_FROM + place, _reader(held.passive, place))
        tree.change(CALENDAR, NAME, PASSIVE_FROM + place, _writer(held.passive, place))

    def activate(_: Data) -> DataAccess:
        held.calendar.update(held.passive)
        return DataAccess.SUCCESS

    tree.method(CALENDAR, NAME, 1, activate)


def _reader(side: dict[str, str], place: int) -> Callable[[], Data]:
    def read() -> Data:
        kept = side.get(str(place))
        return INSTALLED[place] if kept is None else decode_all(bytes.fromhex(kept))

    return read


def _writer(side: dict[str, str], place: int) -> Callable[[Data], DataAccess]:
    def write(value: Data) -> DataAccess:
        checked: Data = expect.octets(value, "name") if place == 0 else expect.array(value, "table")
        side[str(place)] = encode(checked).hex()
        return DataAccess.SUCCESS

    return write
