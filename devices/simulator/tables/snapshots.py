"""T8 to T10: node list, repeater table, meter entries - lists of what is, without cycles."""

from collections.abc import Callable
from itertools import zip_longest

from devices.protocol.axdr import U8, U16, Data
from devices.protocol.clock import UNSPECIFIED
from devices.simulator import chance
from devices.simulator.cycles import EPOCH
from devices.simulator.population import Meter
from devices.simulator.tables.view import View

SEEN, COMMISSIONED, LOST = 0, 3, 4
APP_VERSION = b"\x01\x16"
DAY = 86_400
NO_REPEATER = (None, None, None)

Row = tuple[Data, ...]
Snapshot = Callable[[View], list[Row]]


def nodes(view: View) -> list[Row]:
    """T8: own meters, then those that answer here although another concentrator has them."""
    return [_node(view, meter) for meter in (*view.meters, *view.guests)]


def _node(view: View, meter: Meter) -> Row:
    found = EPOCH + DAY * chance.whole(view.seed, "discovered", meter.serial, below=2000)
    state, contact = COMMISSIONED, UNSPECIFIED
    if meter.mac.hex() in view.released:
        state = SEEN
    elif view.rounds.is_silent(meter.serial):
        state = LOST
    else:
        finished = view.rounds.finished(7, view.now)
        cycle = view.rounds.answered_before(meter.serial, 7, finished + 1)
        contact = view.clock.stamp(view.rounds.end(7, cycle))
    return (
        meter.mac, meter.serial.encode(), APP_VERSION, U8(meter.phase), U16(meter.row),
        U8(_quality(view, meter)), view.clock.stamp(found), contact, U8(state),
        view.serial.encode(),
    )  # fmt: skip


def repeaters(view: View) -> list[Row]:
    """T9: the path by which each meter is reached."""
    updated = view.clock.stamp(view.clock.midnight_until(view.now))
    return [
        (meter.mac, U16(meter.row), U8(level(view.seed, meter)), *_path(view, meter),
         U8(_quality(view, meter)), updated)
        for meter in view.meters
    ]  # fmt: skip


def level(seed: int, meter: Meter) -> int:
    """How many repeaters stand before a meter: 0 to 3, most have none."""
    return (0, 0, 0, 0, 1, 1, 2, 3)[chance.whole(seed, "level", meter.serial, below=8)]


def _path(view: View, meter: Meter) -> tuple[bytes | None, ...]:
    others = [other.mac for other in view.meters if other != meter]
    start = chance.whole(view.seed, "path", meter.serial, below=max(len(others), 1))
    chosen = (others[start:] + others[:start])[: level(view.seed, meter)]
    return tuple(mac or none for mac, none in zip_longest(chosen, NO_REPEATER))


def entries(view: View) -> list[Row]:
    """T10: what is collected of each meter."""
    return [_entry(view, meter) for meter in view.meters]


def _entry(view: View, meter: Meter) -> Row:
    entry = view.entry(meter)
    measured = [(U8(each.register), U8(each.kind), U8(each.period)) for each in entry.measurands]
    return (
        meter.mac, meter.serial.encode(), U8(meter.phase), U16(meter.row), U8(_mask(entry.closure)),
        U8(_mask(entry.profile)), U8(entry.period), U8(entry.flags), measured, U8(COMMISSIONED),
    )  # fmt: skip


def _mask(channels: tuple[int, ...]) -> int:
    return sum(1 << channel for channel in channels)


def _quality(view: View, meter: Meter) -> int:
    return 120 + chance.whole(view.seed, "quality", meter.serial, below=136)


SNAPSHOTS: dict[int, Snapshot] = {8: nodes, 9: repeaters, 10: entries}
