"""``hes disassociate``: take a meter from its concentrator by hand."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.utils import timezone

from devices import associations
from devices.management.commands.associate import told
from devices.management.commands.import_template import company_of


class Command(BaseCommand):
    """A commissioned meter is refused: its way out is a decommissioning order."""

    help = (
        "Take a meter from its concentrator: hes disassociate UAAEEDN11100000001 20LVM50A10006010"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("meter", help="its serial number")
        parser.add_argument("concentrator", help="its serial number")
        parser.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, meter: str, concentrator: str, company: str | None, **_: object) -> None:
        row = (concentrator, meter, "", "")
        report = associations.release(company_of(company), [row], timezone.now())
        self.stdout.write(told(report, f"{meter} is no longer under {concentrator}"))
