"""The two ends of a visit in the database: what it takes along, and how it is written down.

Both run on the control thread: a claim batch is prepared by a constant number of statements.
"""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import counters, keys
from devices.choices import Holder
from devices.drivers.duties import KeySet
from devices.parameters import Parameters, parameters_of
from hes.domain.errors import HesError
from workorders import backoff, candidates, lanes, order_lanes, service, slots
from workorders.backoff import RetryRules, Verdict
from workorders.candidates import Candidate
from workorders.lanes import Claim
from workorders.outcome import Outcome
from workorders.slots import DueSlot, FailedSlot

log = logging.getLogger(__name__)

_OPEN_VISITS = f"""
INSERT INTO visit (concentrator_id, company_id, worker_id, token)
SELECT l.concentrator_id, c.company_id, l.owner_id, l.token
FROM lane l JOIN concentrator c ON c.id = l.concentrator_id
WHERE l.concentrator_id = ANY(%(lanes)s) AND ({order_lanes.WAITS} OR NOT %(orders_only)s
    AND {service.SCHEDULED} AND EXISTS (SELECT FROM slot
        WHERE slot.concentrator_id = l.concentrator_id AND slot.state = 'due'
            AND due <= clock_timestamp()))
RETURNING concentrator_id, id
"""
_CURSORS = (
    "SELECT concentrator_id, reader, cycle FROM collection_cycle WHERE concentrator_id = ANY(%s)"
)
_CLOSE_VISIT = """
UPDATE visit SET ended_at = clock_timestamp(), outcome = %s, error = %s, activities = %s,
    exchanges = %s, received_bytes = %s, lines = %s, too_old = %s, unassigned = %s, clock_drift = %s
WHERE id = %s AND started_at > clock_timestamp() - interval '2 days'
"""
_LEARN_TITLE = "UPDATE concentrator SET system_title = %s WHERE id = %s AND system_title IS NULL"


@dataclass(slots=True)
class Assignment:
    """All a visit takes along: `candidates` are the keys to be tried, `held` those that opened.

    `is_called`: somebody waits for an order of the lane, so what the visit asks of the database
    goes before what other visits ask.
    """

    claim: Claim
    visit: int
    settings: Parameters
    slots: list[DueSlot] = field(default_factory=list)
    recorded: dict[str, int] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    held: Candidate | None = None
    is_called: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_called = self.claim.for_orders

    @property
    def is_by_password(self) -> bool:
        """Opened without keys: for commissioning alone."""
        return self.held is not None and self.held.keys is KeySet.PASSWORD

    @property
    def retry_rules(self) -> RetryRules:
        """The company's rules of repetition."""
        number = self.settings.number
        return RetryRules(
            number("retry_base"),
            number("retry_cap"),
            number("slot_attempts"),
            number("breaker_failures"),
        )


def begin(worker: int, limit: int, *, orders_only: bool = False) -> list[Assignment]:
    """Claim up to `limit` lanes and open a visit on each; lanes with nothing due go straight back.

    Lane, visit and slots are taken by one transaction; keys and counters follow when it stands.
    With `orders_only` slots stay where they are, for a visit of their own.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        claims = lanes.claim(cursor, worker, limit, orders_only)
        if not claims:
            return []
        assignments = _open(cursor, claims, orders_only)
    _hand_out_keys(assignments)
    return assignments


def _open(cursor: CursorWrapper, claims: Sequence[Claim], orders_only: bool) -> list[Assignment]:
    by_lane = {claim.concentrator: claim for claim in claims}
    visits = _opened(cursor, list(by_lane), orders_only)
    for idle in sorted(by_lane.keys() - visits.keys()):
        lanes.release(cursor, by_lane[idle], Verdict(by_lane[idle].failures, 0.0, retry=True))
    settings = {company: parameters_of(company) for company in {c.company for c in claims}}
    assignments = {
        lane: Assignment(by_lane[lane], visit, settings[by_lane[lane].company])
        for lane, visit in visits.items()
    }
    if not orders_only:
        _add_slots(cursor, assignments)
    return list(assignments.values())


def _opened(cursor: CursorWrapper, lanes: list[int], orders_only: bool) -> dict[int, int]:
    """The new visits by lane."""
    values: dict[str, Any] = {
        "lanes": lanes,
        "orders_only": orders_only,
        "harmless": order_lanes.harmless_kinds(),
    }
    cursor.execute(_OPEN_VISITS, values)
    return dict(cursor.fetchall())


def _add_slots(cursor: CursorWrapper, assignments: Mapping[int, Assignment]) -> None:
    """What is due for collection, and how far each reader has come."""
    for slot in slots.take(cursor, {lane: a.visit for lane, a in assignments.items()}):
        assignments[slot.concentrator].slots.append(slot)
    cursor.execute(_CURSORS, [list(assignments)])
    for lane, reader, cycle in cursor.fetchall():
        assignments[lane].recorded[reader] = cycle


def _hand_out_keys(assignments: Sequence[Assignment]) -> None:
    """One query for all; where one device's keys cannot be read, each device on its own."""
    try:
        _hand_out(assignments)
    except HesError:
        for assignment in assignments:
            try:
                _hand_out([assignment])
            except HesError as error:
                assignment.candidates = ()
                log.error("concentrator %s: %s", assignment.claim.serial, error)


def _hand_out(assignments: Sequence[Assignment]) -> None:
    """NEW and ACTIVE sets; the counters of ACTIVE ones at once, as they are nearly always used."""
    holders = {(Holder.CONCENTRATOR, a.claim.concentrator): a for a in assignments}
    found = keys.load_sets(holders)
    for holder, rings in found.items():
        assignment = holders[holder]
        assignment.candidates = tuple(candidates.own(*holder, rings))
        if assignment.settings.flag("password_commissioning"):
            assignment.candidates += tuple(candidates.password(*holder, rings))
    active = {
        each.holder_id: each
        for assignment in assignments
        for each in assignment.candidates
        if each.keys is KeySet.ACTIVE
    }
    blocks = counters.reserve(Holder.CONCENTRATOR, list(active)) if active else {}
    for pk, block in blocks.items():
        if block.version == active[pk].ring.version:
            active[pk].block = block


def take_more(assignment: Assignment) -> list[DueSlot]:
    """What became due on the lane since the visit began; raises LeaseLost."""
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.fence(assignment.claim)(cursor)
        return slots.take(cursor, {assignment.claim.concentrator: assignment.visit})


def finish(assignment: Assignment, outcome: Outcome) -> None:
    """Write the visit down and give the lane back, in one transaction; raises LeaseLost."""
    claim, rules = assignment.claim, assignment.retry_rules
    verdict = backoff.after(outcome.family, claim.failures, rules, random.uniform)
    failed = [
        FailedSlot(item.slot, item.error, item.final or not verdict.retry)
        for item in outcome.failed
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.fence(claim)(cursor)
        slots.fail(cursor, claim.concentrator, assignment.visit, failed, rules.attempts)
        cursor.execute(_CLOSE_VISIT, (*_row(outcome), assignment.visit))
        if outcome.server_title:
            cursor.execute(_LEARN_TITLE, [outcome.server_title, claim.concentrator])
        lanes.release(cursor, claim, verdict)
    if assignment.held is not None:
        candidates.note_server(assignment.held, outcome.server_counter)


def _row(outcome: Outcome) -> tuple[Any, ...]:
    tally = outcome.tally
    return (
        *(outcome.shown, outcome.text, outcome.ran, outcome.exchanges, outcome.received_bytes),
        *(tally.total, tally.too_old, tally.unassigned, outcome.clock_drift),
    )
