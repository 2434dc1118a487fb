"""T1: registers at the local day change -> DC lines."""

from collections.abc import Iterable
from functools import partial

from devices.events import Event
from devices.fleet import MeterRef
from devices.outbox.layouts import register_line
from devices.outbox.slots import CLOSURE_TYPES, Kind, quarters
from devices.recording.claims import Claim
from devices.recording.work import Work
from hes.domain.energies import BY_CODE
from hes.domain.events import EventKind
from hes.domain.records import DailyClosure
from hes.domain.time import local_stamp, slot_of


def record(work: Work, closures: Iterable[DailyClosure]) -> None:
    """Claim the closures of the energies that the meter's profile collects."""
    for meter, closure in work.assigned(closures):
        energy = BY_CODE.get(closure.energy)
        if energy is None or energy.closure_type is None:
            continue
        if energy.code not in meter.closure_energies:
            continue
        if work.claim(_claim(work, meter, closure, energy.closure_type)):
            work.statistics.newest(meter.id, f"last_dc_{energy.table_type}", closure.at)


def _claim(work: Work, meter: MeterRef, closure: DailyClosure, closure_type: int) -> Claim:
    """A closure that does not add up leaves as a bad one: once mended, it leaves again."""
    day, slot = slot_of(closure.at)
    stamp = local_stamp(closure.at, closure.offset)
    adds_up = sum(closure.tariffs) == closure.total
    return Claim(
        kind=Kind.DC,
        meter=meter,
        day=day,
        group=0,
        bits=quarters(CLOSURE_TYPES.index(closure_type), slot),
        is_good=adds_up,
        offset=closure.offset,
        encode=partial(
            register_line, meter.serial, closure.tariffs, closure.total, closure_type, stamp
        ),
        event=None if adds_up else _mismatch(work, meter, closure, stamp),
    )


def _mismatch(work: Work, meter: MeterRef, closure: DailyClosure, stamp: str) -> Event:
    detail = (
        f"closure {BY_CODE[closure.energy].table_type} of {stamp}: "
        f"t1 to t6 make {sum(closure.tariffs)}, total is {closure.total}"
    )
    return work.event(EventKind.CLOSURE_MISMATCH, meter, device_at=closure.at, detail=detail)
