"""``hes verify``: what must be true of stored orders and outages, checked now."""

from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from hes.lib.invariants import Checked
from hes.lib.tables import Row, table
from listeners import invariants as outages
from workorders import invariants as orders

CHECKS = (orders.check, outages.check)


class Command(BaseCommand):
    """Exit code 1 where an invariant is broken; what waits for a person breaks none."""

    help = "Check what must be true of stored orders and outages; exit code 1 if something is not"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", help="its code; all companies if left out")

    def handle(self, *, company: str | None, **_: object) -> None:
        scope = company_of(company).pk if company else None
        found = [one for check in CHECKS for one in check(scope)]
        reasons = [(one.invariant.name, *_told(why)) for one in found for why in one.examples]
        self._print(("INVARIANT", "CHECKED", "BROKEN", "MEANING"), [_row(one) for one in found])
        self._print(("BROKEN", "NUMBER", "WHY"), reasons)
        waiting = [_told(one) for one in orders.waiting_for_a_person(scope)]
        self._print(("ORDER", "WAITS FOR A PERSON"), waiting)
        if broken := [one.invariant.name for one in found if one.broken]:
            raise CommandError(f"broken: {', '.join(broken)}")

    def _print(self, head: Row, rows: Sequence[Row]) -> None:
        if rows:
            self.stdout.write("\n".join([*table([head, *rows]), "", ""]))


def _row(one: Checked) -> Row:
    return one.invariant.name, f"{one.checked:,}", f"{one.broken:,}", one.invariant.meaning


def _told(numbered: tuple[int, str]) -> Row:
    number, why = numbered
    return str(number), why
