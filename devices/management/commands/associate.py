"""``hes associate``: put a meter under a concentrator by hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from devices import associations
from devices.imports.report import Report
from devices.management.commands.import_template import company_of


class Command(BaseCommand):
    """The rules are those of the associations file; recruiting follows as the settings say."""

    help = "Put a meter under a concentrator: hes associate UAAEEDN11100000001 20LVM50A10006010"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("meter", help="its serial number")
        parser.add_argument("concentrator", help="its serial number")
        parser.add_argument("--company", help="its code; may be left out if there is only one")
        parser.add_argument(
            "--row", default="", help="in the concentrator's table; else it chooses"
        )
        parser.add_argument("--phase", default="", help="R, S, T or ALL")

    def handle(self, *, meter: str, concentrator: str, **options: Any) -> None:
        row = (concentrator, meter, options["phase"], options["row"])
        company = company_of(options["company"])
        report = associations.associate(company, [row], timezone.now())
        self.stdout.write(told(report, f"{meter} is under {concentrator}, to be commissioned"))


def told(report: Report, success: str) -> str:
    """`success`, or CommandError with all that stands against it."""
    if report.is_clean:
        return success
    faults = (f"{fault.value} {fault.problem} - {fault.advice}" for fault in report.faults)
    raise CommandError("; ".join(faults))
