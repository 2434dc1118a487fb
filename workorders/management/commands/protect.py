"""``hes protect``: the PODs that no mass order disconnects."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from devices.models import Company
from hes.domain.errors import HesError
from hes.lib.tables import table
from workorders import protection
from workorders.models import ProtectedPoint

HEAD = ("POD", "SINCE", "REASON")


class Command(BaseCommand):
    """A protected POD is disconnected or reduced singly only, with another person's approval."""

    help = (
        "PODs that no mass order disconnects: hes protect add POD00000001 'life support' --as ada"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = actions.add_parser("add", help="protect a POD")
        remove = actions.add_parser("remove", help="take the protection back")
        listed = actions.add_parser("list", help="all protected PODs")
        for action in (add, remove):
            action.add_argument("pod", help="its name")
            action.add_argument("reason", help="why; it is kept")
            action.add_argument("--as", dest="who", required=True, metavar="USER")
        for action in (add, remove, listed):
            action.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, action: str, company: str | None, **options: Any) -> None:
        try:
            self.stdout.write(ACTIONS[action](company_of(company), **options))
        except HesError as fault:
            raise CommandError(str(fault)) from fault


def _add(company: Company, *, pod: str, reason: str, who: str, **_: Any) -> str:
    protection.add(company, pod, reason, who)
    return f"POD {pod} is protected: no mass order disconnects it"


def _remove(company: Company, *, pod: str, reason: str, who: str, **_: Any) -> str:
    protection.remove(company, pod, reason, who)
    return f"POD {pod} is no longer protected"


def _list(company: Company, **_: Any) -> str:
    found = ProtectedPoint.objects.filter(usage_point__company=company)
    names = found.order_by("usage_point__name").values_list("usage_point__name", "since", "reason")
    rows = [(name, f"{since:%Y-%m-%d}", reason) for name, since, reason in names]
    return "\n".join(table([HEAD, *rows])) if rows else f"{company.code} protects no POD"


ACTIONS = {"add": _add, "remove": _remove, "list": _list}
