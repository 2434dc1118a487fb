"""Keeps meters on their way into service: each waiting step has an order that carries it on.

Associations come from autodiscovery, by hand and by file; from here on the way is the same. Orders
follow each other by effects; what a step is left without - refused, expired, failed - is ordered
again a day later, so that a silent meter costs an order a day (*assumed*).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils import timezone

from devices.choices import ProcessState
from hes.domain.parameters import PARAMETERS
from workorders import submission
from workorders.effects.following import RULE
from workorders.requests import Request

AT_ONCE = 500
STEPS: Mapping[ProcessState, tuple[str, ...]] = {
    ProcessState.TO_COMMISSION: ("commissioning",),
    ProcessState.RECRUITING: ("verify_commissioning",),
    ProcessState.TO_VERIFY: ("verify_commissioning",),
    ProcessState.TO_CONFIGURE: ("meter_technical_configuration", "meter_entry_configuration"),
}

# Who waits is found first, by its own small index; the rest is asked of these alone.
_WAITING = """
WITH waiting AS MATERIALIZED (
    SELECT m.id, m.company_id, m.serial_number, m.process_state FROM meter m
    WHERE m.process_state <> '' AND m.process_state = ANY(%(steps)s::varchar[])
        AND m.state IN ('installed', 'commissioned')
        AND (m.process_state <> 'to_commission' OR coalesce((SELECT x.value = 'true'
            FROM company_setting x WHERE x.company_id = m.company_id
                AND x.name = 'recruit_automatically'), %(recruits)s)))
SELECT w.company_id, w.serial_number, s.kind
FROM waiting w
    JOIN unnest(%(steps)s::varchar[], %(kinds)s::varchar[]) AS s (step, kind)
        ON s.step = w.process_state
    JOIN association a ON a.meter_id = w.id AND upper_inf(a.validity)
    JOIN concentrator c ON c.id = a.concentrator_id
WHERE c.state = 'initialised' AND NOT c.stop_activity AND c.host <> ''
    AND NOT EXISTS (SELECT FROM work_order o WHERE o.meter_id = w.id AND o.kind = s.kind
        AND (o.ended_at IS NULL OR o.created_at > now() - interval '1 day'))
ORDER BY w.id LIMIT %(limit)s
"""


def carry_on() -> int:
    """Order what waits, at most 500 at once; returns how many orders were made."""
    by_company: dict[int, list[Request]] = defaultdict(list)
    for company, serial, kind in _waiting():
        by_company[company].append(_request(company, serial, kind))
    answers = [answer for own in by_company.values() for answer in submission.submit(own)]
    return sum(answer.order_id is not None and not answer.is_repeat for answer in answers)


def _waiting() -> list[tuple[int, str, str]]:
    pairs = [(step, kind) for step, kinds in STEPS.items() for kind in kinds]
    steps, kinds = zip(*pairs, strict=True)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"steps": list(steps), "kinds": list(kinds), "limit": AT_ONCE}
        values["recruits"] = PARAMETERS["recruit_automatically"].default
        cursor.execute(_WAITING, values)
        return list(cursor.fetchall())


def _request(company: int, serial: str, kind: str) -> Request:
    return Request(
        kind=kind,
        company_id=company,
        meter=serial,
        source=RULE,
        requested_by=RULE,
        outer_id=f"{kind}:{serial}:{timezone.now():%Y-%m-%d}",
    )
