"""Summer times that an order gave a concentrator, which visits then leave as they are.

A law may come sooner than its time zone data: what a person ordered is not written over by the
zone's own periods at the end of the next visit.
"""

import json

from django.db import connection
from django.db.backends.utils import CursorWrapper

from devices.drivers.base import DstPeriod
from workorders.activities.orders.base import Effect
from workorders.activities.orders.summer_times import SummerTimesOrdered

_STORE = """
UPDATE concentrator c SET ordered_summer_times = %s::jsonb, updated_at = now()
FROM work_order o WHERE o.id = %s AND c.id = o.concentrator_id
    AND c.ordered_summer_times IS DISTINCT FROM %s::jsonb
"""


def store(cursor: CursorWrapper, order: int, effect: Effect) -> None:
    """Keep the periods of the order, or forget earlier ones where it took over the zone's."""
    assert isinstance(effect, SummerTimesOrdered)  # noqa: S101 - by the registry
    pairs = None
    if effect.periods is not None:
        pairs = json.dumps([[period.begin, period.end] for period in effect.periods])
    cursor.execute(_STORE, [pairs, order, pairs])


def of(concentrator: int) -> tuple[DstPeriod, ...] | None:
    """Those of a concentrator; None where the zone's hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ordered_summer_times FROM concentrator WHERE id = %s", [concentrator]
        )
        pairs = cursor.fetchone()[0]
    return None if pairs is None else tuple(DstPeriod(*pair) for pair in json.loads(pairs))
