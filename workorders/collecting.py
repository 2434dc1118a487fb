"""One collection of a visit: from its plan to the transaction that closes its slot."""

from devices.recording import CollectionEnd
from workorders import slots
from workorders.activities.reading import Read
from workorders.ordering import run_orders
from workorders.reads import keep_open, planned, read_and_record, record_last
from workorders.slots import DueSlot
from workorders.visiting import Visiting

NO_READER = ""  # nothing was read: no cursor moves, no snapshot is replaced


async def collect(visit: Visiting, slot: DueSlot) -> None:
    """Read and record everything new for a slot; its last transaction closes it as DONE.

    Called again after an error it goes on where recording stopped.
    """
    reads = _reads(visit, slot)
    close = slots.closing(slot, visit.assignment.visit)
    if not reads:
        await record_last(visit, None, CollectionEnd(NO_READER, None, frozenset(), False, close))
    for read in reads[:-1]:
        await read_and_record(visit, read, keep_open)
        await _let_orders_in(visit)
    for read in reads[-1:]:
        await read_and_record(visit, read, close)


async def _let_orders_in(visit: Visiting) -> None:
    """Orders that came meanwhile go before the next GET; a line they break costs no attempt."""
    if visit.assignment.is_called:
        slot, visit.current = visit.current, None
        await run_orders(visit)
        visit.current = slot


def _reads(visit: Visiting, slot: DueSlot) -> list[Read]:
    return [
        read
        for read in planned(visit, slot.activity, slot.window)
        if (read.source.reader, read.window) not in visit.finished_reads
    ]
