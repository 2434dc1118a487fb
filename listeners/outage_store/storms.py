"""Storm or not: how many losses of power came in the last minute."""

from datetime import datetime, timedelta

from django.db.backends.utils import CursorWrapper

MINUTE = timedelta(minutes=1)

# Counted up to where it decides, and no further.
_LOSSES = """
SELECT count(*) FROM (SELECT FROM power_change
    WHERE recorded_at > %s AND company_id = %s AND is_dark LIMIT %s) AS losses
"""
_IS_ON = "SELECT count(*) FROM outage_storm WHERE company_id = %s AND until IS NULL"
_BEGIN = "INSERT INTO outage_storm (company_id, since) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_END = "UPDATE outage_storm SET until = %s WHERE company_id = %s AND until IS NULL"


def is_on(cursor: CursorWrapper, company_id: int) -> bool:
    """Whether the company has a storm, as last looked at."""
    cursor.execute(_IS_ON, [company_id])
    return bool(cursor.fetchone()[0])


def look(cursor: CursorWrapper, company_id: int, rate: int, now: datetime) -> bool:
    """Begin or end the company's storm; whether there is one.

    It begins above `rate` losses a minute, and ends below half of that.
    """
    was_on = is_on(cursor, company_id)
    limit = rate // 2 if was_on else rate
    cursor.execute(_LOSSES, [now - MINUTE, company_id, limit + 1])
    goes_on: bool = cursor.fetchone()[0] > limit
    if goes_on and not was_on:
        cursor.execute(_BEGIN, [company_id, now])
    elif was_on and not goes_on:
        cursor.execute(_END, [now, company_id])
    return goes_on
