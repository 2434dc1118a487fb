"""Holidays of a company: days on which disconnections and reductions are held (design D14).

The day is the civil one at the device. Who changes the calendar leaves a row of the audit.
"""

from datetime import date

from django.db import connection, transaction

from devices import audit
from devices.audit import Act
from devices.models import Company
from hes.domain import identifiers
from hes.domain.errors import BadValue, HesError
from workorders.models import Holiday

ADD, REMOVE = "holiday.add", "holiday.remove"
NAME_LIMIT = 100


def add(company: Company, day: date, name: str, who: str) -> Holiday:
    """Make a day a holiday. Raises HesError where it is one already or the name cannot be used."""
    try:
        name = identifiers.name(name, NAME_LIMIT)
    except BadValue as fault:
        raise HesError(f"the name of a holiday {fault}") from None
    with transaction.atomic():
        made, is_new = Holiday.objects.get_or_create(
            company=company, day=day, defaults={"name": name}
        )
        if not is_new:
            raise HesError(f"{day} is {made.name} already: remove it first to rename it")
        _note(ADD, company, day, name, who)
    return made


def remove(company: Company, day: date, who: str) -> str:
    """Make it a working day again; returns its name. Raises HesError where it is no holiday."""
    with transaction.atomic():
        standing = Holiday.objects.select_for_update().filter(company=company, day=day).first()
        if standing is None:
            raise HesError(f"{day} is no holiday of {company.code}: see `hes holiday list`")
        standing.delete()
        _note(REMOVE, company, day, standing.name, who)
    return standing.name


def _note(act: str, company: Company, day: date, name: str, who: str) -> None:
    with connection.cursor() as cursor:
        audit.note(cursor, Act(act, who, company.pk, target=day.isoformat(), text=name))
