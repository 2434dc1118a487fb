"""One collection of a visit: from its plan over batches to the transaction that closes its slot."""

from collections.abc import Callable

from django.db.backends.utils import CursorWrapper

from devices import recording
from devices.drivers.base import Batch, Period, Refused
from devices.recording import CollectionEnd
from workorders import slots
from workorders.activities.reading import Read, Situation
from workorders.activities.registry import COLLECTIONS
from workorders.credentials import keep_counters
from workorders.ordering import run_orders
from workorders.slots import DueSlot
from workorders.visiting import Visiting

Close = Callable[[CursorWrapper], None]
NO_READER = ""  # nothing was read: no cursor moves, no snapshot is replaced


def keep_open(_: CursorWrapper) -> None:
    """More reads of the slot follow."""


async def collect(visit: Visiting, slot: DueSlot) -> None:
    """Read and record everything new for a slot; its last transaction closes it as DONE.

    Called again after an error it goes on where recording stopped.
    """
    reads = _reads(visit, slot)
    close = slots.closing(slot, visit.assignment.visit)
    if not reads:
        await _record_last(visit, None, CollectionEnd(NO_READER, None, frozenset(), False, close))
    for read in reads[:-1]:
        await _read(visit, read, keep_open)
        await _let_orders_in(visit)
    for read in reads[-1:]:
        await _read(visit, read, close)


async def _let_orders_in(visit: Visiting) -> None:
    """Orders that came meanwhile go before the next GET; a line they break costs no attempt."""
    if visit.assignment.is_called:
        slot, visit.current = visit.current, None
        await run_orders(visit)
        visit.current = slot


async def collect_now(visit: Visiting, activity: str) -> int:
    """Read and record everything new of an activity that was ordered; no slot is closed.

    Returns how many meters the tables named. A slot of the same visit finds it done.
    """
    reads = _planned(visit, activity, None)
    for read in reads:
        visit.seen.pop(read.source.reader, None)  # an earlier reading of this visit is history
        await _read(visit, read, keep_open)
    return len(set().union(*(visit.seen[read.source.reader] for read in reads)))


def _reads(visit: Visiting, slot: DueSlot) -> list[Read]:
    return [
        read
        for read in _planned(visit, slot.activity, slot.window)
        if (read.source.reader, read.window) not in visit.finished_reads
    ]


def _planned(visit: Visiting, activity: str, window: Period | None) -> tuple[Read, ...]:
    collection = COLLECTIONS.get(activity)
    if collection is None or visit.identity is None:
        raise Refused(f"there is no activity {activity!r} in this version")
    situation = Situation(visit.identity.tables, visit.assignment.recorded, visit.zone, window)
    return collection.plan(situation)


async def _read(visit: Visiting, read: Read, close: Close) -> None:
    """One GET: every batch but the last is recorded as it comes, the last one moves the cursor.

    In a full room that one is recorded before its time: visits that waited for room and held a
    batch each would wait for one another.
    """
    reader = read.source.reader
    room = visit.means.room
    waiting: Batch | None = None
    with room.holding() as held:
        async for batch in visit.open_session.collect(read.source.table, read.window):
            kept = read.keep(batch)
            held.add(kept)
            visit.seen[reader] |= kept.seen
            if waiting is not None:
                await _record(visit, waiting)
                held.drop(waiting)
            waiting = kept
            if room.is_full:
                await _record(visit, waiting)
                held.drop(waiting)
                waiting = None
            await keep_counters(visit)
            await room.enter()
        await _record_last(visit, waiting, _end(visit, read, close))
    visit.finished_reads.add((reader, read.window))
    if read.cycles:
        visit.assignment.recorded[reader] = read.cycles.last


def _end(visit: Visiting, read: Read, close: Close) -> CollectionEnd:
    reader = read.source.reader
    return CollectionEnd(reader, read.cycles, frozenset(visit.seen[reader]), read.counts_nrn, close)


async def _record(visit: Visiting, batch: Batch) -> None:
    if batch.records or batch.seen:
        visit.require_lease()
        visit.outcome.tally += await visit.means.bulk(
            recording.record, visit.known_fleet, batch, visit.fence
        )


async def _record_last(visit: Visiting, batch: Batch | None, end: CollectionEnd) -> None:
    visit.require_lease()
    visit.outcome.tally += await visit.means.bulk(
        recording.record_last, visit.known_fleet, batch, visit.fence, end
    )
