"""What opens a concentrator's association, and the supply of counters while a visit runs."""

from devices.choices import SecretRole
from devices.drivers.base import Contact, Credentials, Locked
from workorders import visits
from workorders.visiting import Visiting

COUNTERS_IN_RESERVE = 200  # more than the exchanges of one batch use
NO_KEYS = "[TB_ACK_145] KEY: none is stored for this concentrator, import template 6 with its keys"


class NoKeys(Locked):
    """No keys are stored: we never tried to connect."""

    contact = Contact.UNKNOWN


def client_title(company: int) -> bytes:
    """Eight bytes: HES, the company's number, 1 (companion profile 2)."""
    return b"HES" + (company & 0xFFFF).to_bytes(2) + b"\x00\x00\x01"


def credentials(visit: Visiting) -> Credentials:
    """The keys and counters of a visit; raises NoKeys where none are stored."""
    claim, secrets, block = (
        visit.assignment.claim,
        visit.assignment.secrets,
        visit.assignment.counter,
    )
    if not secrets or block is None:
        raise NoKeys(NO_KEYS)
    return Credentials(
        client_title=client_title(claim.company),
        server_title=claim.system_title,
        encryption_key=secrets[SecretRole.ENCRYPTION],
        authentication_key=secrets[SecretRole.AUTHENTICATION],
        counters=lambda: _next_counter(visit),
        server_counter=block.server_last,
        recover=lambda value: _recover(visit, value),
    )


def _next_counter(visit: Visiting) -> int:
    block = visit.assignment.counter
    if block is None:
        raise NoKeys(NO_KEYS)
    return block.next()


async def _recover(visit: Visiting, value: int) -> None:
    visit.assignment.counter = await visit.means.control(
        visits.counters_from, visit.assignment.claim, value
    )


async def keep_counters(visit: Visiting) -> None:
    """Take another block before the present one is used up; called between exchanges."""
    block = visit.assignment.counter
    if block is not None and block.left < COUNTERS_IN_RESERVE:
        more = await visit.means.control(visits.more_counters, visit.assignment.claim)
        visit.assignment.counter = more
