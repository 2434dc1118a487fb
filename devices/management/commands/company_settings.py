"""`hes settings`: show a company's settings, or change one; those of the system are shown."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from devices import reporting
from devices.management.commands.import_template import company_of
from devices.models import Company
from devices.parameters import change, parameters_of
from hes.domain.parameters import PARAMETERS


class Command(BaseCommand):
    """Without NAME it prints all settings; changed ones are marked with a star, those that only the
    environment changes with an equals sign."""

    help = "Show a company's settings, or change one: hes settings max_missed_contacts 30"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="which setting to change")
        parser.add_argument("value", nargs="?", help="its new value")
        parser.add_argument("--company", help="its code; may be left out if there is only one")
        parser.add_argument("--as", dest="who", default="", metavar="USER", help="who changes it")

    def handle(
        self, *, name: str | None, value: str | None, who: str = "", **options: str | None
    ) -> None:
        company = company_of(options["company"])
        if name is not None:
            _change(company, name, value, who)
        effective = parameters_of(company.pk).values
        for parameter in PARAMETERS.values():
            now = effective[parameter.name]
            star = "*" if now != parameter.default else " "
            shown = f"{now!s:>12} {parameter.unit:<8}"
            self.stdout.write(f"{star} {parameter.name:<30}{shown} {parameter.meaning}")
        for variable, now in reporting.of_the_system().shown.items():
            meaning = reporting.NAMES[variable]
            self.stdout.write(f"= {variable:<30}{now:>12} {'':<8} {meaning}")


def _change(company: Company, name: str, value: str | None, who: str) -> None:
    if value is None:
        raise CommandError(f"give the new value of {name}")
    try:
        change(company, name, value, who)
    except ValueError as fault:
        raise CommandError(str(fault)) from None
