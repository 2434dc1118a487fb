"""What opens a concentrator's association, and the supply of counters while a visit runs."""

from devices.drivers.base import Contact, Credentials, Locked
from workorders import candidates
from workorders.candidates import Candidate
from workorders.visiting import Visiting

COUNTERS_IN_RESERVE = 200  # more than the exchanges of one batch use
BY_PASSWORD = "[TB_ACK_145] KEY: opened without keys, order mutual_authentication first"  # noqa: S105
NO_KEYS = "[TB_ACK_145] KEY: none is stored for this concentrator, import template 6 with its keys"


class NoKeys(Locked):
    """No keys are stored: we never tried to connect."""

    contact = Contact.UNKNOWN


def client_title(company: int) -> bytes:
    """Eight bytes: HES, the company's number, 1 (companion profile 2)."""
    return b"HES" + (company & 0xFFFF).to_bytes(2) + b"\x00\x00\x01"


def credentials(visit: Visiting, candidate: Candidate) -> Credentials:
    """One set of keys with its counters."""
    claim = visit.assignment.claim

    async def recover(value: int) -> None:
        await visit.means.control(candidates.continue_at, candidate, value)

    if candidate.password is not None:
        return _by_password(claim.company, candidate.password)
    return Credentials(
        client_title=client_title(claim.company),
        server_title=claim.system_title,
        encryption_key=candidate.encryption,
        authentication_key=candidate.authentication,
        counters=lambda: candidate.counters.next(),
        server_counter=candidate.server_counter,
        recover=recover,
    )


def _by_password(company: int, password: bytes) -> Credentials:
    """Nothing is ciphered: no keys, and no counter is ever drawn."""

    def none() -> int:
        raise AssertionError("an association without keys counts nothing")

    return Credentials(client_title(company), None, b"", b"", none, password=password)


async def keep_counters(visit: Visiting) -> None:
    """Take another block before the present one is used up; called between exchanges."""
    held = visit.assignment.held
    if held is not None and held.counters.left < COUNTERS_IN_RESERVE:
        await visit.means.control(candidates.take_more, held)
