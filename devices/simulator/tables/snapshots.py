"""T8 to T10: node list, repeater table, meter entries - lists of what is, without cycles."""

from collections.abc import Callable
from itertools import zip_longest

from devices.protocol.axdr import U8, U16, Data
from devices.protocol.clock import UNSPECIFIED
from devices.simulator import chance
from devices.simulator.cycles import EPOCH
from devices.simulator.plc import level
from devices.simulator.population import Meter
from devices.simulator.tables.view import View

LOST = 4  # a node state beside those of `membership`
APP_VERSION = b"\x01\x16"
DAY = 86_400
NO_REPEATER = (None, None, None)

Row = tuple[Data, ...]
Snapshot = Callable[[View], list[Row]]


def nodes(view: View) -> list[Row]:
    """T8: all meters that are seen, then those that answer here although another concentrator has
    them."""
    return [_node(view, meter) for meter in (*view.seen, *view.guests)]


def _node(view: View, meter: Meter) -> Row:
    found = EPOCH + DAY * chance.whole(view.seed, "discovered", meter.serial, below=2000)
    standing = view.standing(meter)
    state, contact = standing.state, UNSPECIFIED
    if standing.is_served and view.rounds.is_silent(meter.serial):
        state = LOST
    elif standing.is_served:
        contact = view.clock.stamp(_contact(view, meter, standing.since))
    owner = view.serial.encode() if standing.is_entered else b""
    return (
        meter.mac, meter.serial.encode(), APP_VERSION, U8(standing.phase), U16(standing.row),
        U8(_quality(view, meter)), view.clock.stamp(found), contact, U8(state), owner,
    )  # fmt: skip


def _contact(view: View, meter: Meter, since: int) -> int:
    """The end of the last answered cycle, or the recruitment."""
    rounds = view.rounds
    cycle = rounds.answered_before(meter.serial, 7, rounds.finished(7, view.now) + 1)
    return max(rounds.end(7, cycle), since)


def repeaters(view: View) -> list[Row]:
    """T9: the path by which each meter is reached."""
    updated = view.clock.stamp(view.clock.midnight_until(view.now))
    return [
        (meter.mac, U16(meter.row), U8(level(view.seed, meter)), *_path(view, meter),
         U8(_quality(view, meter)), updated)
        for meter in view.meters
    ]  # fmt: skip


def _path(view: View, meter: Meter) -> tuple[bytes | None, ...]:
    others = [other.mac for other in view.meters if other != meter]
    start = chance.whole(view.seed, "path", meter.serial, below=max(len(others), 1))
    chosen = (others[start:] + others[:start])[: level(view.seed, meter)]
    return tuple(mac or none for mac, none in zip_longest(chosen, NO_REPEATER))


def entries(view: View) -> list[Row]:
    """T10: what is collected of each meter."""
    return [_entry(view, meter) for meter in view.seen if view.standing(meter).is_entered]


def _entry(view: View, meter: Meter) -> Row:
    entry, standing = view.entry(meter), view.standing(meter)
    measured = [(U8(each.register), U8(each.kind), U8(each.period)) for each in entry.measurands]
    return (
        meter.mac, meter.serial.encode(), U8(standing.phase), U16(standing.row),
        U8(_mask(entry.closure)), U8(_mask(entry.profile)), U8(entry.period), U8(entry.flags),
        measured, U8(standing.state),
    )  # fmt: skip


def _mask(channels: tuple[int, ...]) -> int:
    return sum(1 << channel for channel in channels)


def _quality(view: View, meter: Meter) -> int:
    return 120 + chance.whole(view.seed, "quality", meter.serial, below=136)


SNAPSHOTS: dict[int, Snapshot] = {8: nodes, 9: repeaters, 10: entries}
