"""`hes import TEMPLATE FILE`: provisioning from the command line."""

import argparse
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from devices import provisioning
from devices.imports.reading import ENCODINGS
from devices.imports.registry import TEMPLATES
from devices.imports.report import Operation, Report
from devices.models import Company
from hes.domain.errors import HesError

PRINTED = 200
_HEADINGS = ("line", "column", "value", "problem", "advice")


class Command(BaseCommand):
    help = "Load a provisioning template (CSV): all rows, or none if one has a fault."

    def add_arguments(self, parser: CommandParser) -> None:
        known = ", ".join(f"{template.number} {template.name}" for template in TEMPLATES)
        parser.add_argument("template", help=known)
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", help="its code; may be left out if there is only one")
        parser.add_argument(
            "--operation", type=Operation, choices=list(Operation), default="create"
        )
        parser.add_argument("--description", default="", help="noted in the log")
        parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
        parser.add_argument("--valid-rows-only", action="store_true", help="write the good rows")
        parser.add_argument("--encoding", choices=list(ENCODINGS), default="utf-8")
        parser.add_argument(
            "--valid-from", type=_instant, help="links: when they begin or end, default now"
        )
        parser.add_argument("--rejected", type=Path, help="write rows with faults to this CSV file")

    def handle(self, *args: object, **options: object) -> None:
        arguments = argparse.Namespace(**options)
        try:
            report = _run(arguments, company_of(arguments.company))
        except (HesError, OSError) as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(rendered(report))
        if not report.is_clean:
            sys.exit(1)


def company_of(code: str | None) -> Company:
    """The company of a code, or the only one; raises CommandError naming those there are."""
    companies = Company.objects.filter(code=code) if code else Company.objects.all()
    if len(found := list(companies[:2])) == 1:
        return found[0]
    codes = ", ".join(Company.objects.order_by("code").values_list("code", flat=True)[:20])
    raise CommandError(f"which company? choose by --company one of: {codes or '(none exists yet)'}")


def _run(arguments: argparse.Namespace, company: Company) -> Report:
    with ExitStack() as stack:
        rejected = arguments.rejected
        return provisioning.run(
            arguments.template,
            arguments.file,
            company,
            arguments.operation,
            description=arguments.description,
            dry_run=arguments.dry_run,
            valid_rows_only=arguments.valid_rows_only,
            encoding=arguments.encoding,
            valid_from=arguments.valid_from,
            rejected=stack.enter_context(rejected.open("w", encoding="utf-8"))
            if rejected
            else None,
            progress=_show_progress,
        )


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _show_progress(rows: int) -> None:
    """One line that counts up, for a person who watches."""
    if sys.stderr.isatty():
        print(f"{rows:,} rows read", end="\r", file=sys.stderr, flush=True)


def rendered(report: Report) -> str:
    """The faults as an aligned table, then the counts."""
    return "\n".join([*_table(report), _summary(report)])


def _table(report: Report) -> Iterable[str]:
    if report.is_clean:
        return
    rows = [
        (
            str(fault.line),
            fault.column,
            fault.value,
            _counted(fault.problem, fault.rows),
            fault.advice,
        )
        for fault in report.faults[:PRINTED]
    ]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    for row in (_HEADINGS, *rows):
        yield "  ".join(map(str.ljust, row, widths)).rstrip()
    if hidden := len(report.faults) - len(rows) + report.more_faults:
        yield f"... and {hidden} more faults; --rejected FILE writes every rejected row"


def _counted(problem: str, rows: int) -> str:
    return f"{problem} ({rows} rows)" if rows > 1 else problem


def _summary(report: Report) -> str:
    counts = {
        "created": report.created,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        "rejected": report.rejected,
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing done"
    dry = " (dry run: nothing was written)" if report.dry_run else ""
    return f"{report.template}: {report.rows} rows read, {told} in {report.seconds:.1f} s{dry}"
