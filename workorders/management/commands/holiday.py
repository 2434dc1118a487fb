"""``hes holiday``: the days of a company on which nobody is disconnected."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from devices.models import Company
from hes.domain.errors import HesError
from hes.lib.tables import table
from workorders import holidays
from workorders.models import Holiday

HEAD = ("DAY", "HOLIDAY")


class Command(BaseCommand):
    """On a holiday disconnections and reductions wait for another person; all others go on."""

    help = "Days on which nobody is disconnected: hes holiday add 2026-12-25 Christmas --as ada"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = actions.add_parser("add", help="make a day a holiday")
        remove = actions.add_parser("remove", help="make it a working day again")
        listed = actions.add_parser("list", help="holidays from today on, and those of this year")
        for action in (add, remove):
            action.add_argument("day", type=_day, help="as 2026-12-25, by the devices' calendar")
            action.add_argument("--as", dest="who", required=True, metavar="USER")
        add.add_argument("name", help="what it is called")
        for action in (add, remove, listed):
            action.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, action: str, company: str | None, **options: Any) -> None:
        try:
            self.stdout.write(ACTIONS[action](company_of(company), **options))
        except HesError as fault:
            raise CommandError(str(fault)) from fault


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day: write it as 2026-12-25") from None


def _add(company: Company, *, day: date, name: str, who: str, **_: Any) -> str:
    holidays.add(company, day, name, who)
    return f"{day} is a holiday of {company.code}: disconnections are held"


def _remove(company: Company, *, day: date, who: str, **_: Any) -> str:
    return f"{day} is no longer {holidays.remove(company, day, who)}"


def _list(company: Company, **_: Any) -> str:
    days = Holiday.objects.filter(company=company).order_by("day").values_list("day", "name")
    rows = [(day.isoformat(), name) for day, name in days]
    return "\n".join(table([HEAD, *rows])) if rows else f"{company.code} has no holidays"


ACTIONS = {"add": _add, "remove": _remove, "list": _list}
