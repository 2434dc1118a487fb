"""`hes export-template TEMPLATE FILE`: the inventory in the columns of a template."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.imports.export import export
from devices.imports.registry import template_called
from devices.management.commands.import_template import company_of
from hes.domain.errors import HesError


class Command(BaseCommand):
    help = "Write the inventory as a provisioning template (keys left empty)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("template", help="number or name, as for hes import")
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *args: object, **options: object) -> None:
        company = company_of(str(options["company"]) if options["company"] else None)
        path = Path(str(options["file"]))
        try:
            with path.open("wb") as out:
                rows = export(template_called(str(options["template"])), company.pk, out)
        except (HesError, OSError) as fault:
            raise CommandError(str(fault)) from fault
        print(f"{rows} rows written to {path}", file=sys.stderr)
