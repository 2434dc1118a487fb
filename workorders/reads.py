"""Tables that a visit reads and records, for a slot or for an order: GET by GET, batch by batch."""

from collections.abc import Callable

from django.db.backends.utils import CursorWrapper

from devices import recording
from devices.drivers.base import Batch, Period, Refused
from devices.recording import CollectionEnd
from workorders.activities.reading import Read, Situation
from workorders.activities.registry import COLLECTIONS
from workorders.credentials import keep_counters
from workorders.visiting import Visiting

Close = Callable[[CursorWrapper], None]


def keep_open(_: CursorWrapper) -> None:
    """More reads of the slot follow, or there is none."""


async def collect_now(visit: Visiting, activity: str) -> int:
    """Read and record everything new of an activity that was ordered; no slot is closed.

    Returns how many meters the tables named. A slot of the same visit finds it done.
    """
    reads = planned(visit, activity, None)
    for read in reads:
        visit.seen.pop(read.source.reader, None)  # an earlier reading of this visit is history
        await read_and_record(visit, read, keep_open)
    return len(set().union(*(visit.seen[read.source.reader] for read in reads)))


def planned(visit: Visiting, activity: str, window: Period | None) -> tuple[Read, ...]:
    """The GETs that an activity needs now; Refused where this version has no such activity."""
    collection = COLLECTIONS.get(activity)
    if collection is None or visit.identity is None:
        raise Refused(f"there is no activity {activity!r} in this version")
    situation = Situation(visit.identity.tables, visit.assignment.recorded, visit.zone, window)
    return collection.plan(situation)


async def read_and_record(visit: Visiting, read: Read, close: Close) -> None:
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
        await record_last(visit, waiting, _end(visit, read, close))
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


async def record_last(visit: Visiting, batch: Batch | None, end: CollectionEnd) -> None:
    """The end of a reading, whether a batch is left or not."""
    visit.require_lease()
    visit.outcome.tally += await visit.means.bulk(
        recording.record_last, visit.known_fleet, batch, visit.fence, end
    )
