"""What opens a meter's association: its keys and a block of its own invocation counters."""

from dataclasses import dataclass, field

from django.db import connection

from devices import counters, keys
from devices.choices import Holder, SecretRole
from devices.counters import CounterBlock
from devices.drivers.base import Credentials, Locked
from workorders.credentials import client_title
from workorders.visiting import Visiting

COUNTERS = 100  # more than the exchanges of one order use
NO_KEYS = "[TB_ACK_145] KEY: none is stored for this meter, import template 2 with its keys"

_TITLE = "SELECT system_title FROM meter WHERE id = %s"
_LEARN_TITLE = "UPDATE meter SET system_title = %s WHERE id = %s AND system_title IS NULL"


@dataclass(slots=True)
class MeterAccess:
    """Keys and counters of one meter for the time of one order."""

    meter_id: int
    title: bytes | None
    secrets: dict[SecretRole, bytes] = field(repr=False)
    block: CounterBlock = field(repr=False)


def load(meter_id: int) -> MeterAccess:
    """From the key store, with counters reserved. Raises Locked where no keys are stored."""
    found = keys.load([(Holder.METER, meter_id)]).get((Holder.METER, meter_id), {})
    if SecretRole.ENCRYPTION not in found:
        raise Locked(NO_KEYS)
    with connection.cursor() as cursor:
        cursor.execute(_TITLE, [meter_id])
        title = cursor.fetchone()[0]
    block = counters.reserve(Holder.METER, [meter_id], COUNTERS)[meter_id]
    return MeterAccess(meter_id, bytes(title) if title else None, found, block)


def remember(meter_id: int, title: bytes | None, counter: int) -> None:
    """What the association has shown: the title of the first good one, the highest counter."""
    with connection.cursor() as cursor:
        cursor.execute(_LEARN_TITLE, [title, meter_id])
    if counter >= 0:
        counters.note_server_counter(Holder.METER, meter_id, counter)


def credentials(visit: Visiting, access: MeterAccess) -> Credentials:
    """As the driver wants them; a counter that fell behind is raised once (profile 2 (e))."""

    async def recover(value: int) -> None:
        access.block = await visit.means.control(_raised, access.meter_id, value)

    return Credentials(
        client_title=client_title(visit.assignment.claim.company),
        server_title=access.title,
        encryption_key=access.secrets[SecretRole.ENCRYPTION],
        authentication_key=access.secrets[SecretRole.AUTHENTICATION],
        counters=lambda: access.block.next(),
        server_counter=access.block.server_last,
        recover=recover,
    )


def _raised(meter_id: int, value: int) -> CounterBlock:
    counters.raise_to(Holder.METER, meter_id, value)
    return counters.reserve(Holder.METER, [meter_id], COUNTERS)[meter_id]
