"""What became of datagrams, in figures: for status, metrics and the alarm on suspects."""

from django.conf import settings
from django.db import connection

from devices import alarms
from listeners.meaning import Understood
from listeners.models import Verdict

SUSPECTS = "listener_suspects"
_TOTALS = "SELECT verdict, sum(count)::bigint FROM listener_count GROUP BY verdict"
_BY_REASON = """
SELECT verdict, reason, sum(count)::float8 FROM listener_count
GROUP BY verdict, reason ORDER BY verdict, reason
"""
# The minute that runs and the one before, else the alarm would fall at every full minute.
_SUSPECTS = """
SELECT coalesce(sum(count), 0)::bigint, mode() WITHIN GROUP (ORDER BY reason)
FROM listener_count WHERE verdict = 'suspect' AND minute > now() - interval '2 minutes'
"""


def totals() -> Understood:
    """Since ever."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS)
        found = dict(cursor.fetchall())
    return Understood(*(found.get(verdict.value, 0) for verdict in Verdict))


def by_reason() -> list[tuple[str, str, float]]:
    """(verdict, reason, how many) since ever; an unknown serial is a suspect, garbage rejected."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_REASON)
        return list(cursor.fetchall())


def look() -> int:
    """Raise an alarm while many suspects come; returns 0, there is never more to do."""
    with connection.cursor() as cursor:
        cursor.execute(_SUSPECTS)
        count, reason = cursor.fetchone()
    if count > settings.LISTENER_SUSPECTS_ALARM:
        text = f"{count:,} messages of the last minutes are not believed, most for: {reason}"
        alarms.raise_alarm(SUSPECTS, "all", text)
    else:
        alarms.clear(SUSPECTS, "all")
    return 0
