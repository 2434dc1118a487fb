"""`hes spontaneous-profile`: what concentrators report by themselves, and where."""

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from devices import reporting, spontaneous_profiles
from devices.management.commands.import_template import company_of
from devices.models import Company, SpontaneousProfile
from devices.parameters import parameters_of
from hes.domain.errors import HesError
from hes.lib.person import person
from hes.lib.tables import table

HEAD = (
    *("NAME", "WAKEUP ENABLED", "IPADDRESS", "WAKEUP PORT", "WAKEUP PERIOD MIN"),
    *("LAST GASP CONCENTRATOR", "LAST GASP METER", "LAST GASP PORT", "CONCENTRATORS"),
)
CHOICES = (
    ("wake_up", "it says now and then where it is reached"),
    ("last_gasp_concentrator", "it tells of its own power"),
    ("last_gasp_meter", "it tells of its meters"),
)


class Command(BaseCommand):
    """Address and ports are the system's: shown here, and changed in the environment alone."""

    help = (
        "Spontaneous profiles: hes spontaneous-profile add Gasps --period 60. Enable last gasps"
        " only where firmware and hardware of the concentrators support them (000 3.2.1)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listed = actions.add_parser("list", help="all, with where concentrators report to")
        add = actions.add_parser("add", help="make one")
        change = actions.add_parser(
            "change", help="change one; the next technical configuration tells the concentrators"
        )
        for action in (add, change):
            action.add_argument("name")
            action.add_argument("--period", type=int, metavar="MIN", help="between two wake-ups")
            for choice, text in CHOICES:
                name = f"--{choice.replace('_', '-')}"
                action.add_argument(name, action=BooleanOptionalAction, default=None, help=text)
            action.add_argument("--as", dest="who", default="", metavar="USER", help="who does it")
        for action in (add, change, listed):
            action.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, action: str, company: str | None, **options: Any) -> None:
        try:
            self.stdout.write(ACTIONS[action](company_of(company), **options))
        except HesError as fault:
            raise CommandError(str(fault)) from fault


def _add(company: Company, *, name: str, who: str, **options: Any) -> str:
    spontaneous_profiles.add(company, name, _choices(options), who or person())
    return f"Profile {name} is ready for template 7 and technical configurations"


def _change(company: Company, *, name: str, who: str, **options: Any) -> str:
    spontaneous_profiles.change(company, name, _choices(options), who or person())
    return f"Profile {name} is changed; technical configurations tell the concentrators"


def _choices(options: dict[str, Any]) -> dict[str, bool | int | None]:
    return {name: options[name] for name in ("period", *(name for name, _ in CHOICES))}


def _list(company: Company, **_: Any) -> str:
    to = reporting.of_company(parameters_of(company.pk))
    profiles = SpontaneousProfile.objects.filter(company=company).order_by("name")
    counted = profiles.annotate(uses=Count("concentrator"))
    rows = [
        (each.name, _word(each.wake_up), to.address, str(to.wake_up_port), str(each.period),
         _word(each.last_gasp_concentrator), _word(each.last_gasp_meter), str(to.last_gasp_port),
         str(each.uses))
        for each in counted
    ]  # fmt: skip
    return "\n".join(table([HEAD, *rows])) if rows else f"{company.code} has none"


def _word(flag: bool) -> str:
    return "true" if flag else "false"


ACTIONS = {"add": _add, "change": _change, "list": _list}
