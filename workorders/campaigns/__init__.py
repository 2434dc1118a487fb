"""Campaigns are created, approved by another person, started, paused, resumed, stopped.

Each act is one guarded move with its row of history. What a campaign does by itself is the sweep's
(`workorders.campaigns.sweep`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import audit
from devices.audit import Act
from devices.parameters import parameters_of
from hes.domain.errors import HesError
from workorders import acts, lanes
from workorders.activities.orders.base import OrderActivity, Rejected
from workorders.activities.orders.registry import ACTIVITIES
from workorders.campaigns import targets
from workorders.campaigns.rules import Act as Move
from workorders.campaigns.rules import CampaignState, after
from workorders.campaigns.targets import Choice
from workorders.moves import cancelled, end
from workorders.states import Cause

TEXT_LIMIT = 200
LONGEST_NAME = 100
USER_CANCELLED = "6.5"  # codes/reply_error_codes.csv
LONGEST_HOURS = 24 * 365
LARGEST_WAVE = 2_000  # ordered in one transaction, which holds the export back meanwhile

_CREATE = """
INSERT INTO campaign (company_id, name, kind, parameters, priority, order_hours, patience_hours,
    stop_permille, state, created_by, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'draft', %s, clock_timestamp()) RETURNING id
"""
_LOCK = """
SELECT id, company_id, state, created_by FROM campaign WHERE id = %s FOR NO KEY UPDATE
"""
_MOVE = """
WITH moved AS (
    UPDATE campaign SET state = %(state)s,
        approved_by = CASE WHEN %(act)s = 'approve' THEN %(who)s ELSE approved_by END,
        started_at = CASE WHEN %(act)s = 'start' THEN clock_timestamp() ELSE started_at END,
        ended_at = CASE WHEN %(is_over)s THEN clock_timestamp() END
    WHERE id = %(campaign)s RETURNING id)
INSERT INTO campaign_event (campaign_id, at, act, state, who, text)
SELECT id, clock_timestamp(), %(act)s, %(state)s, %(who)s, %(text)s FROM moved
"""
_NOTE = """
INSERT INTO campaign_event (campaign_id, at, act, state, who, text)
SELECT id, clock_timestamp(), %s, state, %s, %s FROM campaign WHERE id = %s
"""
# Ordered, and its end not yet counted.
_OPEN = """o.id IN (SELECT t.order_id FROM campaign_target t
    WHERE t.campaign_id = %(campaign)s AND t.outcome = '' AND t.order_id IS NOT NULL)"""
_LANES = f"SELECT DISTINCT o.concentrator_id FROM work_order o WHERE {_OPEN}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign as it is asked for. `stop_permille`: failed of a wave, in thousandths."""

    name: str
    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    canary: int = 10
    wave: int = 500
    stop_permille: int = 50
    patience_hours: int = 24
    order_hours: int = 720
    priority: int = 2  # behind what people order one by one (4)

    def checked(self, company_id: int) -> OrderActivity:
        """The activity; HesError that names value and cure."""
        activity = ACTIVITIES.get(self.kind)
        if activity is None:
            there = ", ".join(sorted(ACTIVITIES))
            raise HesError(f"no order is called {self.kind!r}; there are {there}")
        largest = min(LARGEST_WAVE, parameters_of(company_id).number("order_max_items"))
        for what, value, lowest, highest in (
            ("canary", self.canary, 1, largest),
            ("wave", self.wave, 1, largest),
            ("stop-at (thousandths)", self.stop_permille, 0, 1000),
            ("patience", self.patience_hours, 1, LONGEST_HOURS),
            ("hours", self.order_hours, 1, LONGEST_HOURS),
            ("priority", self.priority, 0, 9),
        ):
            if not lowest <= value <= highest:
                raise HesError(f"{what} {value}: give {lowest} to {highest}")
        if not 0 < len(self.name) <= LONGEST_NAME:
            raise HesError(f"name: give 1 to {LONGEST_NAME} characters")
        return activity


@dataclass(frozen=True, slots=True)
class Locked:
    """A campaign whose row is locked."""

    id: int
    company: int
    state: CampaignState
    created_by: str

    @property
    def is_unstarted(self) -> bool:
        """It has ordered nothing yet."""
        return self.state in (CampaignState.DRAFT, CampaignState.APPROVED)


def create(company_id: int, plan: Plan, choice: Choice, who: str) -> tuple[int, int]:
    """(campaign, targets): a draft that waits for approval. HesError for what is refused."""
    activity = plan.checked(company_id)
    if not choice.is_given():
        raise HesError("say for whom: --file, --model or --all-of")
    parameters = json.dumps(_parsed(activity, plan.parameters))
    hours = (plan.order_hours, plan.patience_hours, plan.stop_permille)
    row = (company_id, plan.name, plan.kind, parameters, plan.priority, *hours, who)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CREATE, row)
        made = int(cursor.fetchone()[0])
        sizes = plan.canary, plan.wave
        count = targets.choose(cursor, (made, company_id), activity, choice, sizes)
        note(cursor, made, "create", who, f"{count} targets")
        audit.note(cursor, Act("campaign.create", who, company_id, f"campaign {made}", count=count))
    return made, count


def act(campaign: int, what: Move, who: str, reason: str = "") -> CampaignState:
    """What a person decides; returns the state since then. HesError where it is not possible."""
    with transaction.atomic(), connection.cursor() as cursor:
        row = _locked(cursor, campaign)
        if what is Move.APPROVE and row.created_by == who:
            raise HesError(f"{who} created campaign {campaign}: another person approves it")
        return move(cursor, row, what, who, reason)


def move(cursor: CursorWrapper, row: Locked, what: Move, who: str, text: str) -> CampaignState:
    """Move a campaign; what is stopped has its waiting orders cancelled.

    A stopped campaign ends when the last of its orders has.
    """
    new = after(row.state, what)
    if new is CampaignState.STOPPED:
        _cancel_waiting(cursor, row, who, text)
    is_over = new is CampaignState.DONE or (new is CampaignState.STOPPED and row.is_unstarted)
    values: dict[str, Any] = {"campaign": row.id, "state": new, "act": what, "who": who}
    cursor.execute(_MOVE, {**values, "text": text[:TEXT_LIMIT], "is_over": is_over})
    target = f"campaign {row.id}"
    audit.note(cursor, Act(f"campaign.{what}", who, row.company, target, text=text))
    return new


def note(cursor: CursorWrapper, campaign: int, what: str, who: str, text: str) -> None:
    """A row of history that is no move."""
    cursor.execute(_NOTE, [what, who, text[:TEXT_LIMIT], campaign])


def _locked(cursor: CursorWrapper, campaign: int) -> Locked:
    cursor.execute(_LOCK, [campaign])
    row = cursor.fetchone()
    if row is None:
        raise HesError(f"there is no campaign {campaign}: see `hes campaign list`")
    pk, company, state, created_by = row
    return Locked(pk, company, CampaignState(state), created_by)


def _parsed(activity: OrderActivity, given: Mapping[str, Any]) -> dict[str, Any]:
    """As given, if an order would take it: each order parses for itself."""
    try:
        activity.parse(given)
    except Rejected as refused:
        raise HesError(str(refused)) from refused
    return dict(given)


def _cancel_waiting(cursor: CursorWrapper, row: Locked, who: str, text: str) -> None:
    """What is being sent goes on to its end."""
    values = {"campaign": row.id}
    cursor.execute(_LANES, values)
    touched = sorted(lane for (lane,) in cursor.fetchall())
    if not touched:
        return
    lanes.hold(cursor, touched)
    result = cancelled(f"[6.5] campaign {row.id} was stopped: {text}")
    ended = [one.order for one in end(cursor, Cause.CANCELLED, _OPEN, values, result, who=who)]
    lanes.tell(cursor, touched)
    if ended:
        act = Act(acts.CANCEL, who, row.company, f"campaign {row.id}", code=USER_CANCELLED)
        audit.note(cursor, replace(act, text=text, orders=ended, count=len(ended)))
