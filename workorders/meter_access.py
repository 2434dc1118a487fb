"""What opens a meter's association: the sets of keys it may hold, each with its own counters."""

from dataclasses import dataclass

from django.db import connection

from devices import keys
from devices.choices import Holder
from devices.drivers.base import Credentials, Locked
from workorders import candidates
from workorders.candidates import Candidate
from workorders.credentials import client_title
from workorders.visiting import Visiting

COUNTERS = 100  # more than the exchanges of one order use
NO_KEYS = "[TB_ACK_145] KEY: none is stored for this meter, import template 2 with its keys"

# A meter in service is never opened by keys that every meter of its model was delivered with.
_METER = """
SELECT system_title, model_id,
    may_hold_public_keys OR state <> 'commissioned' OR process_state <> ''
FROM meter WHERE id = %s
"""
_LEARN_TITLE = "UPDATE meter SET system_title = %s WHERE id = %s AND system_title IS NULL"


@dataclass(slots=True)
class MeterAccess:
    """One meter for the time of one association."""

    meter_id: int
    title: bytes | None
    candidates: tuple[Candidate, ...]


def load(meter_id: int) -> MeterAccess:
    """NEW and ACTIVE keys, and its model's public ones while it may hold them.

    Raises Locked where none are stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(_METER, [meter_id])
        title, model, may_be_public = cursor.fetchone()
    meter, public = (Holder.METER, meter_id), (Holder.MODEL, model)
    found = keys.load_sets([meter, public] if may_be_public else [meter])
    tried = (
        *candidates.own(*meter, found.get(meter, {})),
        *candidates.public(model, found.get(public, {})),
    )
    if not tried:
        raise Locked(NO_KEYS)
    return MeterAccess(meter_id, bytes(title) if title else None, tried)


def start(candidate: Candidate) -> None:
    """Take its counters."""
    candidates.start(candidate, COUNTERS)


def remember(meter_id: int, candidate: Candidate, title: bytes | None, counter: int) -> None:
    """What the association has shown: the title of the first good one, the highest counter."""
    with connection.cursor() as cursor:
        cursor.execute(_LEARN_TITLE, [title, meter_id])
    candidates.note_server(candidate, counter)


def credentials(visit: Visiting, access: MeterAccess, candidate: Candidate) -> Credentials:
    """As the driver wants them; a counter that fell behind is raised once (profile 2 (e))."""

    async def recover(value: int) -> None:
        await visit.means.control(candidates.continue_at, candidate, value, COUNTERS)

    return Credentials(
        client_title=client_title(visit.assignment.claim.company),
        server_title=access.title,
        encryption_key=candidate.encryption,
        authentication_key=candidate.authentication,
        counters=lambda: candidate.counters.next(),
        server_counter=candidate.server_counter,
        recover=recover,
    )
