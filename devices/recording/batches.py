"""One batch, one transaction; the last one of a collection also closes it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from devices.choices import Activity
from devices.drivers.base import Batch, Cycles
from devices.fleet import Fleet, MeterRef
from devices.reachability import Outcome
from devices.recording.cycles import Progress, advance
from devices.recording.fence import Fence
from devices.recording.kinds import nodes, repeaters
from devices.recording.registry import RECORDERS
from devices.recording.tally import Tally
from devices.recording.work import Work, recording
from hes.domain.events import EventKind
from hes.domain.records import Record


@dataclass(frozen=True, slots=True)
class CollectionEnd:
    """How a collection ends.

    `reader` names the cursor over the table's cycles: the activity, or a name of its own where
    activities share a table. `seen` are all MAC addresses with a row in any batch; `counts_nrn` is
    False for backfill; `close` runs in the same transaction and closes the slot.
    """

    reader: str
    cycles: Cycles | None
    seen: frozenset[bytes]
    counts_nrn: bool
    close: Callable[[CursorWrapper], None]


def record(fleet: Fleet, batch: Batch, fence: Fence) -> Tally:
    """Facts, ledger, statistics, events and blocks of one batch, or nothing at all.

    Raises LeaseLost if the fence does.
    """
    with recording(fence) as (cursor, moment):
        work = Work(fleet, cursor, moment)
        _take(work, batch)
        return work.finish()


def record_last(fleet: Fleet, batch: Batch | None, fence: Fence, end: CollectionEnd) -> Tally:
    """The last batch (None if there was no row): also its cycle, nrn, snapshot and slot."""
    with recording(fence) as (cursor, moment):
        work = Work(fleet, cursor, moment)
        if batch is not None:
            _take(work, batch)
        if end.cycles is not None:
            _advance(work, end, end.cycles)
        if end.reader in _SNAPSHOTS:
            _SNAPSHOTS[end.reader](work, end.seen)
        tally = work.finish()
        end.close(cursor)
        return tally


_SNAPSHOTS: dict[str, Callable[[Work, frozenset[bytes]], None]] = {
    Activity.AUTODISCOVERY: nodes.finish,
    Activity.REPEATER_TABLE: repeaters.finish,
}


def _take(work: Work, batch: Batch) -> None:
    by_type: dict[type[Record], list[Record]] = defaultdict(list)
    for record in batch.records:
        by_type[type(record)].append(record)
    for kind, recorder in RECORDERS.items():
        if kind in by_type:
            recorder(work, by_type[kind])


def _advance(work: Work, end: CollectionEnd, cycles: Cycles) -> None:
    """Only new cycles say who answered: our own repeats never count (companion profile 3.2)."""
    progress = advance(work.cursor, work.fleet.id, end.reader, cycles.last)
    if progress is Progress.RESTARTED:
        detail = f"table of {end.reader} starts again at cycle {cycles.last}"
        work.events.append(work.event(EventKind.TABLE_RESTARTED, detail=detail))
    elif progress is Progress.FORWARD and end.counts_nrn:
        _count(work, end)


# What a meter must have to be missed by an activity; the others ask for nothing.
_PROFILE: dict[str, Callable[[MeterRef], frozenset[object]]] = {
    Activity.DAILY_CLOSURE: lambda meter: meter.closure_energies,
    Activity.LOAD_PROFILE: lambda meter: meter.channels,
    Activity.MEASURANDS: lambda meter: meter.measurands,
}


def _count(work: Work, end: CollectionEnd) -> None:
    """Meters with a row were reached; enabled commissioned ones without were missed."""
    profile = _PROFILE.get(end.reader)
    for mac, meter in work.fleet.meters.items():
        if mac in end.seen:
            work.statistics.contact(meter.id, Outcome.MADE)
        elif meter.is_commissioned and (profile is None or profile(meter)):
            work.statistics.contact(meter.id, Outcome.MISSED)
