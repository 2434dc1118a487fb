"""One visit: connect, identify, collect all that is due, say farewell (design D5, profile 5.4, 6).

Everything that touches the database runs on one of two threads, and every recording transaction
begins with the lane's fence. What happens is noted in the visit's outcome.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from devices import recording
from devices.drivers.base import (
    Cancelled,
    Contact,
    Driver,
    Endpoint,
    FieldError,
    KeysRefused,
    Locked,
    NodeSilent,
    Refused,
    Session,
    Timeout,
)
from devices.events import Event, announce
from devices.fleet import load_fleet
from devices.recording.fence import Fence, LeaseLost
from hes.domain.events import EventKind
from workorders import candidates, lanes, order_sweeps, visits
from workorders.activities.registry import POSITION
from workorders.collecting import collect
from workorders.credentials import BY_PASSWORD, NO_KEYS, NoKeys, credentials
from workorders.farewell import say_farewell
from workorders.lease import Lease
from workorders.ordering import run_orders
from workorders.outcome import FAULT, Outcome
from workorders.slots import DueSlot
from workorders.threads import DATABASE_GONE
from workorders.visiting import Means, Visiting
from workorders.visits import Assignment

log = logging.getLogger(__name__)
CLOSE_SECONDS = 10.0


class WrongConcentrator(Refused):
    """Another device answers at this address: nothing is known of ours (*assumed*)."""

    contact = Contact.UNKNOWN


class _Fault(FieldError):
    """A bug of ours: says nothing about the device, is tried again like a garbled answer."""

    family = FAULT
    contact = Contact.UNKNOWN


async def run(
    assignment: Assignment, drivers: Callable[[str], Driver], means: Means, lease: Lease
) -> Outcome:
    """Carry out one visit and say what it came to; a cancellation ends it as Cancelled."""
    visit = Visiting(assignment, means, lease, drivers, lanes.fence(assignment.claim))
    try:
        async with asyncio.timeout(means.limits.visit):
            await _visit(visit)
    except TimeoutError:
        _broke_off(visit, Timeout("[TB_ACK_192] VISIT LIMIT"))
    except asyncio.CancelledError:
        visit.outcome.ended_by(Cancelled("stopped by us"))
    except LeaseLost as lost:
        log.warning("visit %d: %s", assignment.visit, lost)
        visit.outcome.lane_lost = True
    except FieldError as error:
        _broke_off(visit, error)
    except DATABASE_GONE as outage:
        log.warning("visit %d: the database went away: %s", assignment.visit, outage)
        visit.outcome.ended_by(Cancelled("database away"))
    except Exception as error:
        log.exception("visit %d of %s failed", assignment.visit, assignment.claim.serial)
        _broke_off(visit, _Fault(f"internal fault: {type(error).__name__}"))
    await _hang_up(visit)
    return visit.outcome


async def _visit(visit: Visiting) -> None:
    await _open(visit)
    visit.fleet = await visit.means.control(load_fleet, visit.concentrator)
    await run_orders(visit)
    if visit.assignment.is_by_password:
        _put_off(visit)
        return
    while visit.pending:
        visit.pending.sort(key=lambda slot: POSITION.get(slot.activity, len(POSITION)))
        visit.current = visit.pending.pop(0)
        visit.outcome.ran.append(visit.current.activity)
        await _run_slot(visit, visit.current)
        visit.current = None
        await run_orders(visit)
        visit.pending += await visit.means.control(visits.take_more, visit.assignment)
    await say_farewell(visit)


async def _open(visit: Visiting) -> None:
    """Connect and identify; the concentrator's nrn follows what the opening came to."""
    try:
        await _connect(visit)
    except FieldError as error:
        if isinstance(error, Locked | WrongConcentrator):
            await _alarm(visit, error)
        await _note_contact(visit, error.contact)
        claim = visit.assignment.claim
        await visit.means.control(order_sweeps.fail_unreachable, claim, error.text)
        raise
    await _note_contact(visit, Contact.MADE)


async def _connect(visit: Visiting) -> None:
    claim = visit.assignment.claim
    visit.require_lease()
    visit.session = await _associated(visit)
    identity = await visit.session.identify()
    if identity.serial_number != claim.serial:
        raise WrongConcentrator("[TB_ACK_196] WRONG CONCENTRATOR")
    visit.identity = identity


async def _associated(visit: Visiting) -> Session:
    """By the first set of keys that opens: NEW ones may or may not have reached the device."""
    claim = visit.assignment.claim
    refused: Locked = NoKeys(NO_KEYS)
    endpoint = Endpoint(claim.host, claim.port, ZoneInfo(claim.zone))
    for candidate in visit.assignment.candidates:
        if not candidate.is_ready:
            await visit.means.control(candidates.start, candidate)
        try:
            session = await visit.drivers(claim.driver).open(
                endpoint, credentials(visit, candidate), visit.means.limits
            )
        except KeysRefused as error:
            refused = error
        else:
            visit.assignment.held = candidate
            return session
    raise refused


async def _note_contact(visit: Visiting, contact: Contact) -> None:
    """A miss just after a take-over may be the fault of our dead worker and is not counted."""
    if contact is Contact.MISSED and visit.assignment.claim.was_taken_over:
        return
    if contact is not Contact.UNKNOWN:
        now = datetime.now(UTC)
        await visit.means.control(  # recordings of other visits may be many
            recording.record_contact, visit.concentrator, contact, visit.fence, now
        )


def _put_off(visit: Visiting) -> None:
    """Without keys nothing is collected: the slots are tried again later."""
    for slot in visit.pending:
        visit.outcome.slot_failed(slot, BY_PASSWORD, final=False)
    visit.outcome.notes.append(BY_PASSWORD)


async def _run_slot(visit: Visiting, slot: DueSlot) -> None:
    """A refusal fails the slot and the visit goes on; worse errors end it."""
    try:
        await collect(visit, slot)
    except (Refused, NodeSilent) as error:
        visit.outcome.slot_failed(slot, error.text, final=True)
        visit.outcome.notes.append(f"{slot.activity}: {error.text}")


def _broke_off(visit: Visiting, error: FieldError) -> None:
    """Before the device is identified all slots were tried in vain, later only the current one."""
    visit.outcome.ended_by(error)
    tried = [visit.current] if visit.current else []
    if visit.identity is None:
        tried += visit.pending
    if error.family != Cancelled.family:
        for slot in tried:
            visit.outcome.slot_failed(slot, error.text, final=False)


async def _hang_up(visit: Visiting) -> None:
    session, visit.session = visit.session, None
    if session is None:
        return
    visit.outcome.add_session(session)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await session.close()


async def _alarm(visit: Visiting, error: FieldError) -> None:
    claim = visit.assignment.claim
    kind = EventKind.DEVICE_LOCKED if isinstance(error, Locked) else EventKind.WRONG_CONCENTRATOR
    event = Event(kind, claim.company, claim.concentrator, claim.serial, detail=error.text)
    await visit.means.bulk(_publish, event, visit.fence)


def _publish(event: Event, fence: Fence) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        fence(cursor)
        announce(cursor, [event])
