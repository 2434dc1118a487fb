"""What running campaigns do by themselves: count what ended, order the next wave, stop, finish.

Any worker may sweep at any time. A campaign is looked at in one transaction that holds its row, by
one sweep at a time; each order has the key of its target, so that none is made twice.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.parameters import parameters_of
from workorders import campaigns, intake, submission
from workorders.campaigns import Locked
from workorders.campaigns.rules import Act, CampaignState, Next, Rules, Wave, next_step
from workorders.requests import Request

log = logging.getLogger(__name__)

WHO = "sweep"
_ACTIVE = (CampaignState.RUNNING, CampaignState.PAUSED)

_OPEN = """
SELECT id FROM campaign WHERE ended_at IS NULL AND state IN ('running', 'paused', 'stopped')
ORDER BY id
"""
_LOCK = """
SELECT id, company_id, kind, parameters::text, priority, order_hours, patience_hours,
    stop_permille, state, created_by
FROM campaign WHERE id = %s AND ended_at IS NULL FOR NO KEY UPDATE SKIP LOCKED
"""
# Cancelled and replaced by people: neither done nor failed.
_COLLECT = """
WITH ended AS (
    UPDATE campaign_target t SET outcome = CASE WHEN o.state = 'done' THEN 'done'
        WHEN o.state IN ('cancelled', 'preempted') THEN 'left' ELSE 'failed' END
    FROM work_order o
    WHERE t.campaign_id = %(campaign)s AND t.outcome = '' AND t.order_id IS NOT NULL
        AND o.id = t.order_id AND o.ended_at IS NOT NULL
    RETURNING t.wave, t.outcome),
counted AS (
    SELECT wave, count(*) FILTER (WHERE outcome = 'done') AS done,
        count(*) FILTER (WHERE outcome = 'failed') AS failed,
        count(*) FILTER (WHERE outcome = 'left') AS "left"
    FROM ended GROUP BY wave)
UPDATE campaign_wave w SET done = w.done + c.done, failed = w.failed + c.failed,
    "left" = w."left" + c."left"
FROM counted c WHERE w.campaign_id = %(campaign)s AND w.number = c.wave
"""
_WAVES = """
SELECT number, size, submitted_at, done, failed, "left" FROM campaign_wave
WHERE campaign_id = %s ORDER BY number
"""
_TARGETS = """
SELECT t.id, m.serial_number, c.serial_number FROM campaign_target t
    LEFT JOIN meter m ON m.id = t.meter_id LEFT JOIN concentrator c ON c.id = t.concentrator_id
WHERE t.campaign_id = %s AND t.wave = %s AND t.order_id IS NULL AND t.outcome = '' ORDER BY t.id
"""
_ORDERED = """
UPDATE campaign_target t SET order_id = s.order_id, reason = s.reason,
    outcome = CASE WHEN s.order_id IS NULL THEN 'failed' ELSE '' END
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS s(target, order_id, reason)
WHERE t.id = s.target
"""
_SUBMITTED = """
UPDATE campaign_wave SET submitted_at = clock_timestamp(), failed = failed + %s
WHERE campaign_id = %s AND number = %s
"""
_SETTLE = """
UPDATE campaign SET ended_at = clock_timestamp() WHERE id = %(campaign)s AND state = 'stopped'
    AND NOT EXISTS (SELECT FROM campaign_target t
        WHERE t.campaign_id = %(campaign)s AND t.outcome = '' AND t.order_id IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class _Campaign:
    id: int
    company: int
    kind: str
    parameters: dict[str, Any]
    life: timedelta  # of an order
    priority: int
    rules: Rules
    state: CampaignState
    created_by: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> "_Campaign":
        pk, company, kind, parameters, priority, hours, patience, stop, state, who = row
        rules = Rules(stop, timedelta(hours=patience))
        given = json.loads(parameters)
        life = timedelta(hours=hours)
        state = CampaignState(state)
        return cls(pk, company, kind, given, life, priority, rules, state, who)


def sweep(now: datetime) -> int:
    """Look at every open campaign; returns how many orders were made."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN)
        found = [pk for (pk,) in cursor.fetchall()]
    return sum(_look(campaign, now) for campaign in found)


def _look(pk: int, now: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [pk])
        row = cursor.fetchone()
        if row is None:  # another sweep has it, or it is over
            return 0
        campaign = _Campaign.of(row)
        cursor.execute(_COLLECT, {"campaign": pk})
        if campaign.state not in _ACTIVE:
            cursor.execute(_SETTLE, {"campaign": pk})
            return 0
        cursor.execute(_WAVES, [pk])
        waves = [Wave(*found) for found in cursor.fetchall()]
        return _step(cursor, campaign, next_step(waves, campaign.rules, now), now)


def _step(cursor: CursorWrapper, campaign: _Campaign, step: Next, now: datetime) -> int:
    if step.act is None:
        return 0
    if step.act is not Act.SUBMIT:
        row = Locked(campaign.id, campaign.company, campaign.state, campaign.created_by)
        campaigns.move(cursor, row, step.act, WHO, step.text)
        log.warning("campaign %d: %s %s", campaign.id, step.act, step.text)
        return 0
    return (
        _submit(cursor, campaign, step.wave, now) if campaign.state is CampaignState.RUNNING else 0
    )


def _submit(cursor: CursorWrapper, campaign: _Campaign, wave: int, now: datetime) -> int:
    """One wave, whole; where too many orders wait already, in a later sweep."""
    cursor.execute(_TARGETS, [campaign.id, wave])
    targets = cursor.fetchall()
    limit = parameters_of(campaign.company).number("order_max_pending")
    if intake.pending(cursor, campaign.company, limit) + len(targets) > limit:
        log.info("campaign %d waits: too many orders are open", campaign.id)
        return 0
    requests = [_request(campaign, now, *target) for target in targets]
    answers = submission.submit(requests, mass_hold=False)
    orders = [answer.order_id for answer in answers]
    reasons = [str(answer.rejected)[:200] if answer.rejected else "" for answer in answers]
    cursor.execute(_ORDERED, [[pk for pk, *_ in targets], orders, reasons])
    refused = orders.count(None)
    cursor.execute(_SUBMITTED, [refused, campaign.id, wave])
    text = f"wave {wave}: {len(orders) - refused} ordered, {refused} refused"
    campaigns.note(cursor, campaign.id, Act.SUBMIT, WHO, text)
    return len(orders) - refused


def _request(
    campaign: _Campaign, now: datetime, target: int, meter: str | None, concentrator: str | None
) -> Request:
    return Request(
        kind=campaign.kind,
        company_id=campaign.company,
        meter=meter,
        concentrator=concentrator,
        parameters=campaign.parameters,
        priority=campaign.priority,
        expires_at=now + campaign.life,
        source="rule",
        requested_by=campaign.created_by,
        outer_id=f"campaign:{campaign.id}:{target}",
    )
