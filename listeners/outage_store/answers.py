"""Whoever answers has power: contacts since a loss of power end it (issue 5.4).

A concentrator that we reached has answered. A meter has if data of a later instant came from it:
only then is it sure that it spoke after the loss, because a concentrator hands on what it collected
before. Both count only if they are later than the message that said the device is dark.
"""

from django.db import connection, transaction

from listeners import power
from listeners.models import PowerSource
from listeners.power import Change

AT_ONCE = 10_000
DATA = (
    "last_lp_02", "last_lp_04", "last_lp_08", "last_lp_10", "last_lp_20", "last_lp_40",
    "last_measurand", "last_current_data",
)  # fmt: skip

_ANSWERED = f"""
SELECT p.company_id, p.concentrator_id, NULL::bigint, extract(epoch FROM s.last_contact)::float8
FROM concentrator_power p JOIN concentrator_status s ON s.concentrator_id = p.concentrator_id
WHERE p.is_dark AND s.last_contact > greatest(p.since, p.heard_at)
UNION ALL
SELECT p.company_id, NULL, p.meter_id, extract(epoch FROM newest.at)::float8
FROM meter_power p JOIN meter_statistics s ON s.meter_id = p.meter_id
    CROSS JOIN LATERAL (SELECT greatest({", ".join(f"s.{name}" for name in DATA)}) AS at) newest
WHERE p.is_dark AND newest.at > greatest(p.since, p.heard_at)
LIMIT {AT_ONCE}
"""  # of meters `last_contact` says when we recorded it, not when the meter spoke


def hear() -> int:
    """Note that devices which answered are lit; how many were dark until then."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ANSWERED)
        told = [
            Change(company, concentrator, meter, False, at, source=PowerSource.ANSWER)
            for company, concentrator, meter, at in cursor.fetchall()
        ]
        return power.record(cursor, told)
