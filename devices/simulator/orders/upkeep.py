"""Clock with summer time, alarm word and error object."""

from collections.abc import Callable

from devices.protocol import expect
from devices.protocol.axdr import I8, I16, U8, U32, Data
from devices.protocol.clock import SUMMER_TIME, UNSPECIFIED
from devices.protocol.errors import DataAccess
from devices.simulator import incidents
from devices.simulator.holdings import DAY
from devices.simulator.objects import CLOCK, DATA, ObjectTree
from devices.simulator.orders.inside import Inside

CLOCK_NAME, ALARMS, ERRORS = "0.0.1.0.0", "0.0.97.98.0", "0.0.97.97.0"
BEGIN, END = 5, 6


def install(tree: ObjectTree, inside: Inside) -> None:
    """What synchronisation, summer time and autodiagnostic orders ask of a meter."""
    _clock(tree, inside)
    _summer_time(tree, inside)
    tree.value(DATA, ALARMS, 2, lambda: U32(alarm_word(inside)))
    tree.change(DATA, ALARMS, 2, lambda value: _clear(inside, value))
    tree.value(DATA, ERRORS, 2, lambda: U32(0))


def alarm_word(inside: Inside) -> int:
    """Today's alarm until it is cleared, and what a test has latched."""
    meter, now = inside.meter, int(inside.now())
    return inside.holding.alarm_word(incidents.alarm_word(meter.seed, meter.serial, now), now)


def _clear(inside: Inside, value: Data) -> DataAccess:
    if expect.integer(value, "alarm word") != 0:
        return DataAccess.OTHER_REASON
    inside.holding.latched, inside.holding.cleared_on = 0, int(inside.now()) // DAY
    return DataAccess.SUCCESS


def _clock(tree: ObjectTree, inside: Inside) -> None:
    local = inside.local

    def write(value: Data) -> DataAccess:
        inside.holding.drift = local.instant(expect.octets(value, "clock", 12)) - inside.now()
        return DataAccess.SUCCESS

    tree.value(CLOCK, CLOCK_NAME, 2, lambda: local.stamp(inside.clock))
    tree.value(CLOCK, CLOCK_NAME, 3, lambda: I16(_time_zone(inside)))
    tree.change(CLOCK, CLOCK_NAME, 3, inside.integer("time_zone"))
    tree.value(CLOCK, CLOCK_NAME, 4, lambda: U8(SUMMER_TIME * local.is_summer(inside.clock)))
    tree.change(CLOCK, CLOCK_NAME, 2, write)


def _time_zone(inside: Inside) -> int:
    kept = inside.holding.time_zone
    return inside.local.normal_deviation(inside.clock) if kept is None else kept


def _summer_time(tree: ObjectTree, inside: Inside) -> None:
    held = inside.holding

    def switch(value: Data) -> DataAccess:
        held.has_summer = expect.boolean(value, "DST enabled")
        return DataAccess.SUCCESS

    for index in (BEGIN, END):
        tree.value(CLOCK, CLOCK_NAME, index, _change(inside, index))
        tree.change(CLOCK, CLOCK_NAME, index, _change_writer(inside, index))
    tree.value(CLOCK, CLOCK_NAME, 7, lambda: I8(60))
    tree.change(CLOCK, CLOCK_NAME, 7, _sixty)
    tree.value(CLOCK, CLOCK_NAME, 8, lambda: held.has_summer)
    tree.change(CLOCK, CLOCK_NAME, 8, switch)


def _sixty(value: Data) -> DataAccess:
    """Our meters know summer times of an hour only."""
    is_known = expect.integer(value, "DST deviation") == 60
    return DataAccess.SUCCESS if is_known else DataAccess.OTHER_REASON


def _change(inside: Inside, index: int) -> Callable[[], bytes]:
    def read() -> bytes:
        if kept := inside.holding.summer.get(str(index)):
            return bytes.fromhex(kept)
        pairs = inside.local.summer_times(inside.clock, years=1)
        return inside.local.stamp(pairs[0][index - BEGIN]) if pairs else UNSPECIFIED

    return read


def _change_writer(inside: Inside, index: int) -> Callable[[Data], DataAccess]:
    def write(value: Data) -> DataAccess:
        raw = expect.octets(value, "DST", 12)
        inside.local.instant(raw)  # one that names no instant raises, and is refused
        inside.holding.summer[str(index)] = raw.hex()
        return DataAccess.SUCCESS

    return write
