"""A meter that raises alarm ORD (clock not aligned) gets a synchronisation order (design 7).

The trigger is *assumed*, so the rule is off by default. It reads the stored edges: a rising one of
the last day, of an alarm that still stands, makes one order, whose key is the edge. Then the meter
has a pause that doubles with every order of the last 90 days, up to a cap. Nothing is made while
this host's clock is not proven: one wrong clock must not be handed on to many.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.models import CompanySetting
from devices.parameters import Parameters, parameters_of
from hes.domain.alarms import BY_NAME
from workorders import submission
from workorders.models import OrderSource
from workorders.requests import Request
from workorders.submission import Submitted

log = logging.getLogger(__name__)

SETTING = "clock_alarm_orders"
KIND = "meter_synchronisation"
WHO = "rule:clock_alarm"
ALARM = BY_NAME["ORD"]
AT_ONCE = 500  # orders of a company in one look
LOWEST_PRIORITY = 0  # nobody waits for it

# Workers look one after the other, so that none counts without the orders of the others.
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('hes_clock_alarm'))"
_EDGES = """
SELECT m.serial_number, edge.at
FROM (SELECT meter_id, max(at) AS at FROM end_device_event
        WHERE alarm = %(alarm)s AND is_active AND company_id = %(company)s
            AND at > %(now)s::timestamptz - interval '1 day' AND at <= %(now)s
        GROUP BY meter_id) edge
    JOIN meter m ON m.id = edge.meter_id AND m.state = 'commissioned'
        AND m.company_id = %(company)s
    JOIN last_alarm_word w ON w.meter_id = m.id AND (w.word >> %(bit)s) & 1 = 1
    CROSS JOIN LATERAL (SELECT count(*) AS orders, max(created_at) AS last
        FROM work_order o WHERE o.meter_id = m.id AND o.kind = %(kind)s AND o.source = 'rule'
            AND o.created_at > %(now)s::timestamptz - interval '90 days') before
WHERE EXISTS (SELECT FROM association a WHERE a.meter_id = m.id AND a.validity @> now())
    AND NOT EXISTS (SELECT FROM work_order o
        WHERE o.meter_id = m.id AND o.kind = %(kind)s AND o.ended_at IS NULL)
    AND (before.orders = 0 OR edge.at > before.last AND %(now)s >= before.last
        + interval '1 hour' * least(%(cap)s, %(pause)s * power(2, least(before.orders, 20) - 1)))
ORDER BY edge.at LIMIT %(limit)s
"""


def watch(now: datetime, clock_objection: Callable[[float], str]) -> int:
    """Make the orders that are due in all companies that want them; returns how many.

    `clock_objection(limit in s)` says why no clock may be set now, '' when it may.
    """
    return sum(_watch(company, now, clock_objection) for company in _wanting())


def _wanting() -> Iterable[int]:
    wanted = CompanySetting.objects.filter(name=SETTING, value="true")
    return wanted.values_list("company_id", flat=True)


def _watch(company: int, now: datetime, clock_objection: Callable[[float], str]) -> int:
    settings = parameters_of(company)
    if against := clock_objection(settings.number("host_clock_limit")):
        log.warning("company %d: no clocks by alarm: %s", company, against)
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        if not cursor.fetchone()[0]:
            return 0
        answers = submission.submit(_requests(cursor, company, settings, now))
    return sum(map(_is_new, answers))


def _requests(
    cursor: CursorWrapper, company: int, settings: Parameters, now: datetime
) -> list[Request]:
    values: dict[str, Any] = {
        **{"alarm": ALARM.name, "bit": ALARM.bit, "kind": KIND, "company": company, "now": now},
        "pause": settings.number("clock_alarm_pause"),
        "cap": settings.number("clock_alarm_pause_cap"),
        "limit": min(AT_ONCE, settings.number("order_max_items")),
    }
    cursor.execute(_EDGES, values)
    return [
        Request(
            KIND,
            company,
            meter=serial,
            priority=LOWEST_PRIORITY,
            source=OrderSource.RULE,
            requested_by=WHO,
            outer_id=f"{ALARM.name}:{serial}:{at.isoformat()}",
        )
        for serial, at in cursor.fetchall()
    ]


def _is_new(answer: Submitted) -> bool:
    return answer.rejected is None and not answer.is_repeat
