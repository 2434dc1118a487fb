"""One process of the pipeline: visits whose answers come from memory, recorded in the database.

The way is that of the engine: lanes are claimed, driver code runs on the event loop, recording on
a thread with its own connection behind the lane's fence, several visits at a time.
"""

import asyncio
import sys
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import count
from time import perf_counter

from benchmarks.answers import Encoding, PlayedLine, Recording
from benchmarks.encoding import text_of
from benchmarks.stages import stopwatch
from devices.choices import Activity
from devices.drivers.base import Batch, Cycles, Table
from devices.drivers.cosem.collection import Collection
from devices.drivers.cosem.tables import READERS, Layout
from devices.fleet import Fleet, load_fleet
from devices.recording import CollectionEnd, Tally, record, record_last
from devices.session.conversation import Conversation
from devices.simulator import population
from devices.simulator.tables.buffer import capture_objects
from hes.domain.energies import ENERGIES
from hes.domain.records import LoadProfileRun, lines_in
from workorders import lanes, lease, slots, visits
from workorders.threads import DatabaseThread
from workorders.visits import Assignment

SOFTWARE = 22
LEASE_SECONDS = 3600.0
RECORDING = ("record", "record_last")

_bulk = DatabaseThread("bulk", LEASE_SECONDS)
_cycles = count(1)
_table = READERS[Table.LOAD_PROFILE].table
_layouts = {
    (SOFTWARE, Table.LOAD_PROFILE): Layout.of(_table, capture_objects(_table.number)),
}
_assignments: list[Assignment] = []


@dataclass(frozen=True, slots=True)
class Planned:
    """One visit to make: its lane, the answers it gets, what is known of the concentrator."""

    assignment: Assignment
    recording: Recording
    fleet: Fleet


def claim(visits_at_once: int) -> int:
    """Own so many lanes with something due; returns how many there were."""
    _assignments.extend(visits.begin(lease.register(LEASE_SECONDS).worker, visits_at_once))
    return len(_assignments)


@cache
def planned(field: population.Fleet, day: date, encoding: Encoding) -> tuple[Planned, ...]:
    """The visits to the claimed concentrators, their answers recorded."""
    devices = {device.serial: device for device in field.concentrators}
    return tuple(
        Planned(
            assignment,
            Recording.of(devices[assignment.claim.serial], day, encoding),
            _collecting(load_fleet(assignment.claim.concentrator), encoding),
        )
        for assignment in _assignments
    )


def pipeline(field: population.Fleet, day: date, encoding: Encoding) -> int:
    """Carry out all visits; returns the lines recorded."""
    return asyncio.run(_all(planned(field, day, encoding)))


def encode(field: population.Fleet, day: date, encoding: Encoding) -> int:
    """Make the bytes of the same lines from the same records, and do nothing else."""
    return sum(
        len(
            "".join(
                [text_of(visit.fleet.meters[run.mac].serial, "POD00000001", run) for run in runs]
            ).encode()
        )
        for visit, runs in _decoded(field, day, encoding)
    )


def recording(field: population.Fleet, day: date, encoding: Encoding) -> float:
    """Lines per second that `devices.recording.record` asks about: decoded batches, one process."""
    decoded = _decoded(field, day, encoding)
    begin = perf_counter()
    for visit, runs in decoded:
        batch = Batch(tuple(runs), frozenset(run.mac for run in runs))
        record(visit.fleet, batch, lanes.fence(visit.assignment.claim))
    return sum(lines_in(run) for _, runs in decoded for run in runs) / (perf_counter() - begin)


def stages(field: population.Fleet, day: date, encoding: Encoding) -> dict[str, float]:
    """Share of each stage in the seconds of all visits, one after the other."""
    chosen = planned(field, day, encoding)
    begin = perf_counter()
    with stopwatch(assemble=[(sys.modules[__name__], name) for name in RECORDING]) as seconds:
        for visit in chosen:
            asyncio.run(_visit(visit))
    whole = perf_counter() - begin
    seconds["decode"] = whole - sum(seconds.values())
    return {name: spent / whole for name, spent in seconds.items()}


async def _all(chosen: tuple[Planned, ...]) -> int:
    tallies = await asyncio.gather(*map(_visit, chosen))
    return sum(tally.total for tally in tallies)


async def _visit(visit: Planned) -> Tally:
    """As workorders.collecting reads: every batch but the last is recorded as it comes."""
    conversation = visit.recording.conversation()
    await conversation.associate()
    collection = _collection(conversation)
    fence = lanes.fence(visit.assignment.claim)
    tally, waiting, seen = Tally(), None, set[bytes]()
    async for batch in collection.batches(visit.recording.window):
        if waiting is not None:
            tally += await _bulk(record, visit.fleet, waiting, fence)
        waiting = batch
        seen |= batch.seen
    await conversation.release(1)
    return tally + await _bulk(record_last, visit.fleet, waiting, fence, _end(visit, seen))


def _end(visit: Planned, seen: set[bytes]) -> CollectionEnd:
    cycle = next(_cycles)
    (slot,) = visit.assignment.slots
    close = slots.closing(slot, visit.assignment.visit)
    return CollectionEnd(
        Activity.LOAD_PROFILE, Cycles(cycle, cycle), frozenset(seen), counts_nrn=True, close=close
    )


def _collecting(fleet: Fleet, encoding: Encoding) -> Fleet:
    """Profiles that want every channel on the wire."""
    wanted = frozenset(energy.code for energy in ENERGIES[: encoding.channels])
    meters = {mac: replace(meter, channels=wanted) for mac, meter in fleet.meters.items()}
    return replace(fleet, meters=meters)


@cache
def _decoded(
    field: population.Fleet, day: date, encoding: Encoding
) -> list[tuple[Planned, list[LoadProfileRun]]]:
    """The records of all visits, batch by batch."""
    return [
        (visit, [record for record in batch.records if isinstance(record, LoadProfileRun)])
        for visit in planned(field, day, encoding)
        for batch in asyncio.run(_batches(visit))
    ]


async def _batches(visit: Planned) -> list[Batch]:
    conversation = visit.recording.conversation()
    await conversation.associate()
    return [batch async for batch in _collection(conversation).batches(visit.recording.window)]


def _collection(conversation: Conversation) -> Collection:
    return Collection(PlayedLine(conversation), _layouts, SOFTWARE, Table.LOAD_PROFILE)
