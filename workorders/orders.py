"""Orders in a visit: taken, sent, answered, lost, found (design D13).

Every change is one guarded UPDATE with its row of history, in a transaction that begins with the
lane's fence: a worker that lost its lane changes nothing and raises LeaseLost. An order that ended
otherwise meanwhile (cancelled, replaced) stays as it is.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.parameters import Parameters, parameters_of
from hes.domain.errors import IllegalMove
from workorders import guard, lanes, order_lanes, pacing
from workorders.activities.orders.base import Later, NotDone, Result, Unclear, Verdict
from workorders.activities.orders.registry import ACTIVITIES
from workorders.guard import Objection, Standing
from workorders.lanes import Claim
from workorders.moves import CODE_PREEMPTED, end, move, note
from workorders.order_lanes import SILENT_READS
from workorders.order_sweeps import expire, recover_dead
from workorders.replacing import kinds_that_replace
from workorders.states import Cause, OrderState

__all__ = [
    "Stop", "Taken", "begin_sending", "continue_later", "expire", "finish", "found", "give_back",
    "lost", "recover_dead", "silent", "take",
]  # fmt: skip
log = logging.getLogger(__name__)

FIRST_READ_SECONDS = 5.0  # the meter may still be at it (assumed)
PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0

_FIND = """
SELECT o.id, o.kind, o.state, o.company_id, o.parameters, o.meter_id, m.serial_number,
    m.mac_address, u.name, o.requested_by, o.correlation_id, o.is_external, o.bypass_retry,
    o.attempts, o.silent_reads, o.transaction, o.transaction_before,
    EXISTS (SELECT FROM campaign_target t WHERE t.order_id = o.id)
FROM work_order o LEFT JOIN meter m ON m.id = o.meter_id
    LEFT JOIN usage_point u ON u.id = o.usage_point_id
WHERE o.concentrator_id = %(lane)s AND {which}
ORDER BY {order} LIMIT 1 FOR NO KEY UPDATE OF o SKIP LOCKED
"""
_FIND_UNKNOWN = _FIND.format(which=order_lanes.READ_NOW, order="o.id")
_FIND_QUEUED = _FIND.format(
    which=f"{order_lanes.SENDABLE} AND NOT o.kind = ANY(%(without)s::varchar[])",
    order="o.priority DESC, o.id",
)
# Read once in this visit, and again later should this worker die meanwhile.
_TAKE_UNKNOWN = """
UPDATE work_order SET worker_id = %s, token = %s,
    not_before = clock_timestamp() + %s * interval '1 second'
WHERE id = %s AND state = 'unknown'
"""
_POSTPONE = """
UPDATE work_order o SET silent_reads = %(reads)s,
    not_before = clock_timestamp() + %(pause)s * interval '1 second'
WHERE {ours} AND o.state = 'unknown' RETURNING o.id
"""
_THIS = "o.id = %(order)s"
_OURS = f"{_THIS} AND o.worker_id = %(worker)s AND o.token = %(token)s"
_AFTER_A_PAUSE = "not_before = clock_timestamp() + %(pause)s * interval '1 second'"

_LOCK = "SELECT FROM work_order o WHERE o.id = %(order)s FOR NO KEY UPDATE"
_STANDING = f"""
SELECT CASE WHEN {_OURS} OR o.ended_at IS NOT NULL THEN o.state ELSE 'queued' END,
    o.kind, o.company_id, o.concentrator_id, o.requested_by,
    o.expires_at <= clock_timestamp(),
    EXISTS (SELECT FROM work_order n WHERE n.meter_id = o.meter_id AND n.id > o.id
        AND n.kind = ANY(%(newer)s::varchar[]) AND n.state NOT IN ('held', 'cancelled', 'expired')
        AND (n.parent_id IS NULL OR n.parent_id IS DISTINCT FROM o.parent_id)
        -- Done at the meter since then: that holds back what disconnects, never a reconnection.
        AND (n.source <> 'local'
            OR %(guarded)s AND n.state = 'done' AND n.executed_at > o.created_at)),
    o.meter_id IS NULL OR (o.usage_point_id IS NOT DISTINCT FROM (
            SELECT usage_point_id FROM meter_installation
            WHERE meter_id = o.meter_id AND validity @> clock_timestamp())
        AND EXISTS (SELECT FROM association WHERE meter_id = o.meter_id
            AND concentrator_id = o.concentrator_id AND validity @> clock_timestamp())),
    EXISTS (SELECT FROM protected_point p WHERE p.usage_point_id = o.usage_point_id),
    (SELECT reason FROM "freeze" WHERE ended_at IS NULL
        AND (company_id IS NULL OR company_id = o.company_id) LIMIT 1),
    o.approved_at IS NOT NULL,
    coalesce(o.approved_at > clock_timestamp() - %(age)s * interval '1 hour', false),
    o.counted,
    coalesce((SELECT name FROM holiday h WHERE h.company_id = o.company_id
        AND h.day = %(today)s), '')
FROM work_order o WHERE o.id = %(order)s
"""
_EARLIER_CREDIT = """
SELECT EXISTS (SELECT FROM work_order WHERE meter_id = %s AND id <> %s
    AND transaction IS NOT NULL AND ended_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """An order in a visit. `is_unknown`: it is only to be read back, never sent."""

    order: int
    kind: str
    is_unknown: bool
    company: int
    parameters: Mapping[str, Any]
    meter_id: int | None
    serial: str
    mac: bytes
    pod: str
    requested_by: str
    correlation_id: str
    is_external: bool
    bypass_retry: bool
    attempts: int
    silent_reads: int
    transaction: int | None
    transaction_before: int | None
    is_of_campaign: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """It is not sent, and the order is already where it belongs; why."""

    text: str


@contextmanager
def _fenced(claim: Claim) -> Iterator[CursorWrapper]:
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.fence(claim)(cursor)
        yield cursor


def _who(claim: Claim) -> str:
    return f"worker:{claim.worker}"


def _ours(taken: Taken, claim: Claim) -> dict[str, Any]:
    return {"order": taken.order, "worker": claim.worker, "token": claim.token}


# --- taking ---------------------------------------------------------------------------------------


def take(claim: Claim, without: Sequence[str] = ()) -> Taken | None:
    """The next order of the lane: first what is to be read back, then the most urgent to be sent.

    None where nothing may be taken now; kinds in `without` are sent in another visit.
    """
    with _fenced(claim) as cursor:
        if taken := _find(cursor, _FIND_UNKNOWN, claim):
            values = [claim.worker, claim.token, PAUSE_SECONDS, taken.order]
            cursor.execute(_TAKE_UNKNOWN, values)
            return taken
        taken = _find(cursor, _FIND_QUEUED, claim, without)
        if taken:
            columns = {"worker_id": claim.worker, "token": claim.token}
            this = {"order": taken.order}
            move(cursor, Cause.CLAIMED, _THIS, this, who=_who(claim), columns=columns)
        return taken


def _find(
    cursor: CursorWrapper, statement: str, claim: Claim, without: Sequence[str] = ()
) -> Taken | None:
    harmless = order_lanes.harmless_kinds()
    values: dict[str, Any] = {"lane": claim.concentrator, "harmless": harmless}
    values["without"] = list(without)
    cursor.execute(statement, values)
    row = cursor.fetchone()
    if row is None:
        return None
    order, kind, state, company, parameters, meter, serial, mac, pod, *rest = row
    return Taken(
        *(order, kind, state == OrderState.UNKNOWN, company, json.loads(parameters), meter),
        *(serial or "", bytes(mac or b""), pod or "", *rest),
    )


# --- sending --------------------------------------------------------------------------------------


def begin_sending(
    taken: Taken, claim: Claim, *, transaction_before: int | None = None
) -> Stop | None:
    """The point of no return: all checks once more, then SENDING; commits before it returns.

    None: it is committed.

    `transaction_before`: of a credit, the meter's last transaction as just read.
    """
    settings = parameters_of(taken.company)
    with _fenced(claim) as cursor:
        standing = _standing(cursor, taken, claim, settings)
        against = guard.objection(standing) or guard.cap_objection(cursor, standing, settings)
        against = against or pacing.objection(cursor, taken.order, standing, settings)
        if against:
            return _stop(cursor, taken, claim, against)
        if _would_overtake(cursor, taken):
            text = "an earlier credit of the meter goes first"
            _give_back(cursor, taken, claim, text, PAUSE_SECONDS)
            return Stop(text)
        try:
            with transaction.atomic():
                _send(cursor, taken, claim, transaction_before)
        except IntegrityError:
            text = "another command of the device is in flight"
            _give_back(cursor, taken, claim, text, PAUSE_SECONDS)
            return Stop(text)
    return None


def _standing(cursor: CursorWrapper, taken: Taken, claim: Claim, settings: Parameters) -> Standing:
    """Locked first, read after: what was committed until then is seen."""
    ours = _ours(taken, claim)
    cursor.execute(_LOCK, ours)
    local = datetime.now(UTC).astimezone(ZoneInfo(claim.zone))
    asked: dict[str, Any] = {
        "newer": kinds_that_replace(taken.kind),
        "guarded": ACTIVITIES[taken.kind].guarded,
        "age": settings.number("order_approval_hours"),
        "today": local.date(),
    }
    cursor.execute(_STANDING, {**ours, **asked})
    row: tuple[Any, ...] = cursor.fetchone()
    facts = (*row[1:], guard.over_limit(taken.kind, taken.parameters, settings))
    return Standing(local, settings.text("order_window"), OrderState(row[0]), *facts)


def _would_overtake(cursor: CursorWrapper, taken: Taken) -> bool:
    """Whether a credit of the meter was sent before and is not decided: its transaction is lower
    than a new one, and once the meter holds the new one it can neither arrive nor be found.
    """
    if not ACTIVITIES[taken.kind].needs_transaction or taken.transaction is not None:
        return False
    cursor.execute(_EARLIER_CREDIT, [taken.meter_id, taken.order])
    return bool(cursor.fetchone()[0])


def _stop(cursor: CursorWrapper, taken: Taken, claim: Claim, against: Objection) -> Stop:
    ours, who, activity = _ours(taken, claim), _who(claim), ACTIVITIES[taken.kind]
    if against.cause is Cause.HELD_BACK:
        columns = {"hold_reason": against.text[:200], "approved_by": "", "approved_at": None}
        text = f"[6.2] {against.text}"
        move(cursor, Cause.HELD_BACK, _OURS, ours, who=who, text=text, columns=columns)
    elif isinstance(against, pacing.Paced):
        pacing.put_off(cursor, _OURS, ours, who, against)
    elif against.cause:
        is_replaced = against.cause is Cause.SUPERSEDED
        code = CODE_PREEMPTED if is_replaced else activity.ko_code
        result = Result(False, code, against.text)
        end(cursor, against.cause, _OURS, ours, result, who=who)
    return Stop(against.text)


def _send(cursor: CursorWrapper, taken: Taken, claim: Claim, before: int | None) -> None:
    activity = ACTIVITIES[taken.kind]
    raw = [
        "attempts = attempts + 1",
        "sent_at = coalesce(sent_at, clock_timestamp())",
        "not_before = NULL",
    ]
    if activity.needs_transaction:
        raw.append("transaction = coalesce(transaction, nextval('credit_transaction'))")
    counted = guard.is_counted(taken.kind)
    columns = {"counted": counted, "transaction_before": before, "silent_reads": 0}
    ours = _ours(taken, claim)
    move(cursor, Cause.BEGUN, _OURS, ours, who=_who(claim), columns=columns, raw=raw)


# --- how it went ----------------------------------------------------------------------------------


def finish(taken: Taken, claim: Claim, result: Result) -> None:
    """A final answer: DONE or FAILED, with its lines."""
    cause = Cause.ANSWERED if result.is_good else Cause.DENIED
    with _fenced(claim) as cursor:
        if not end(cursor, cause, _OURS, _ours(taken, claim), result, who=_who(claim)):
            log.info("order %d had ended before its answer came", taken.order)


def continue_later(taken: Taken, claim: Claim, later: Later) -> None:
    """All that was sent was answered, and more is to come: queued again, no attempt is lost.

    Only kinds that say so go on like this: none that moves a breaker or money.
    """
    if not ACTIVITIES[taken.kind].is_long:
        raise IllegalMove(f"an order of kind {taken.kind} is not continued")
    values = _ours(taken, claim) | {"pause": later.pause}
    with _fenced(claim) as cursor:
        who, raw = _who(claim), [_AFTER_A_PAUSE]
        if ACTIVITIES[taken.kind].is_patient:
            raw.append("attempts = 0")  # it gets on: the next silence is a first one
        move(cursor, Cause.CONTINUED, _OURS, values, who=who, text=later.text, raw=raw)


def lost(taken: Taken, claim: Claim, text: str) -> None:
    """No answer after SENDING: UNKNOWN, until a read tells."""
    values = _ours(taken, claim) | {"pause": FIRST_READ_SECONDS}
    with _fenced(claim) as cursor:
        who, raw = _who(claim), [_AFTER_A_PAUSE]
        move(cursor, Cause.LOST, _OURS, values, who=who, text=text, raw=raw)


def give_back(taken: Taken, claim: Claim, text: str, pause: float = PAUSE_SECONDS) -> None:
    """Nothing was sent: back into the queue for `pause` seconds. A read is only put off."""
    with _fenced(claim) as cursor:
        if taken.is_unknown:
            _postpone(cursor, taken, claim, taken.silent_reads, pause)
        else:
            _give_back(cursor, taken, claim, text, pause)


def _give_back(cursor: CursorWrapper, taken: Taken, claim: Claim, text: str, pause: float) -> None:
    values = _ours(taken, claim) | {"pause": pause}
    raw = [_AFTER_A_PAUSE, "attempts = attempts + 1"]
    move(cursor, Cause.GIVEN_BACK, _OURS, values, who=_who(claim), text=text, raw=raw)


def found(taken: Taken, claim: Claim, verdict: Verdict) -> None:
    """What the read-back of an UNKNOWN order said.

    Not done: it is queued again, keeps its expiry and counts once. Unclear: a person decides.
    """
    ours, who = _ours(taken, claim), _who(claim)
    with _fenced(claim) as cursor:
        if isinstance(verdict, Result):
            cause = Cause.FOUND_DONE if verdict.is_good else Cause.FOUND_FAILED
            end(cursor, cause, _OURS, ours, verdict, who=who)
        elif isinstance(verdict, NotDone):
            raw = ["not_before = NULL", "silent_reads = 0"]
            move(cursor, Cause.FOUND_UNDONE, _OURS, ours, who=who, raw=raw)
        else:
            assert isinstance(verdict, Unclear)  # noqa: S101 - the last of three
            _unanswered(cursor, taken, claim, SILENT_READS, "the read cannot tell")


def silent(taken: Taken, claim: Claim) -> None:
    """A read-back without an answer: again after a longer pause, after the fifth a person."""
    reads = taken.silent_reads + 1
    with _fenced(claim) as cursor:
        text = f"no answer to read {reads} of {SILENT_READS}"
        _unanswered(cursor, taken, claim, reads, text)


def _unanswered(cursor: CursorWrapper, taken: Taken, claim: Claim, reads: int, text: str) -> None:
    base = parameters_of(taken.company).number("order_read_back")
    pause = min(base * 2.0 ** (reads - 1), LONGEST_PAUSE_SECONDS)
    if not _postpone(cursor, taken, claim, reads, pause):
        return
    note(cursor, [taken.order], "silent", _who(claim), text)
    if reads >= SILENT_READS:
        log.error("order %d (%s) is UNKNOWN: a person decides", taken.order, taken.kind)


def _postpone(cursor: CursorWrapper, taken: Taken, claim: Claim, reads: int, pause: float) -> bool:
    values = _ours(taken, claim) | {"reads": reads, "pause": pause}
    cursor.execute(_POSTPONE.format(ours=_OURS), values)
    return cursor.fetchone() is not None
