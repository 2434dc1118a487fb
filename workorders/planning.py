"""What an engine prepares from time to time: partitions, lanes, due slots; it also tidies up.

Celery's beat does the same by tasks; both may run at once, any number of times.
"""

from datetime import date, datetime, timedelta

from django.db import connection, transaction

from devices import partitions
from devices.models import Company
from devices.parameters import parameters_of
from hes.domain.parameters import PARAMETERS
from workorders import lease, slots

FULL_PLAN_EVERY = timedelta(hours=1)
SHORT_LOOK_BACK = timedelta(minutes=15)

# Two planners are harmless; the second one of many engines would only be idle work.
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('hes_planner'))"


class Planner:
    """Remembers what is prepared already, so that the frequent look is a cheap one."""

    def __init__(self) -> None:
        self._prepared: date | None = None
        self._fully: datetime | None = None

    def prepare(self, now: datetime, plans: bool) -> int:
        """Partitions and workers once a day; slots of the last minutes, of 24 h once an hour."""
        if self._prepared != now.date():
            ensure_partitions(now.date())
            lease.forget_ended()
            self._prepared = now.date()
        if not plans:
            return 0
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME)
            return self._plan(now) if cursor.fetchone()[0] else 0

    def _plan(self, now: datetime) -> int:
        if self._fully is not None and now - self._fully < FULL_PLAN_EVERY:
            return slots.plan(now, SHORT_LOOK_BACK)
        made = slots.plan(now)
        self._fully = now
        return made


def ensure_partitions(today: date) -> int:
    """All partitions that planning and recording need from yesterday on."""
    made = partitions.ensure("slot", today - timedelta(days=1), today)
    return made + partitions.ensure_around(today, longest_ledger())


def longest_ledger() -> int:
    """Days for which some company still takes samples."""
    default = PARAMETERS["ledger_days"].default
    companies = Company.objects.values_list("pk", flat=True)
    return max([int(default), *(parameters_of(pk).number("ledger_days") for pk in companies)])
