"""``hes local-result``: what the field app did at meters, from a file."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from hes.domain.errors import HesError
from workorders import local_results
from workorders.activities.orders.base import Rejected
from workorders.local_reports import LocalReport
from workorders.requests import Submitted

NEEDED = ("executed_by", "executed_at", "result")
TEXTS = ("reason", "outer_id", "external_system", "correlation_id", "kind", "meter", "pod")
WHOLE = ("order", "breaker")
OUTCOMES = {"done": True, "failed": False}


class Command(BaseCommand):
    """Rows are stored one by one: run it again after an interruption, nothing is stored twice."""

    help = "Report executions at the meter: hes local-result import done.csv --as ada"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        load = actions.add_parser("import", help="a CSV file: docs/orders.md tells its columns")
        load.add_argument("file", type=Path)
        load.add_argument("--as", dest="who", required=True, metavar="USER")
        load.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, file: Path, who: str, company: str | None, **_: object) -> None:
        owner = company_of(company).pk
        stored = refused = 0
        try:
            for line, answer in _answers(file, owner, who):
                if answer.rejected:
                    self.stdout.write(f"line {line}: refused {answer.rejected}")
                refused += bool(answer.rejected)
                stored += not answer.rejected
        except (HesError, OSError, UnicodeDecodeError, csv.Error) as fault:
            raise CommandError(f"{file}: {fault} - {stored:,} rows before it are stored") from fault
        self.stdout.write(f"{stored:,} of {stored + refused:,} results stored")
        if refused:
            raise CommandError(f"{refused:,} refused")


def _answers(file: Path, company: int, who: str) -> Iterator[tuple[int, Submitted]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, delimiter=";")
        if missing := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
            raise HesError(f"the header lacks {', '.join(missing)}; columns are divided by ;")
        for row in reader:
            yield reader.line_num, _answer(row, company, who)


def _answer(row: Mapping[str, str], company: int, who: str) -> Submitted:
    try:
        report = _report(row, company, who)
    except Rejected as refused:
        return Submitted(rejected=refused)
    return next(local_results.record([report]))


def _report(row: Mapping[str, str], company: int, who: str) -> LocalReport:
    """Columns by name; all others are parameters of the activity."""
    if None in row:
        raise Rejected("1.8", "more cells than columns - mind the ; within a text")
    given = {name: value.strip() for name, value in row.items() if value and value.strip()}
    if missing := [name for name in NEEDED if name not in given]:
        raise Rejected("1.6", f"{', '.join(missing)} is missing")
    moment, outcome = given.pop("executed_at"), given.pop("result")
    if outcome not in OUTCOMES:
        raise Rejected("5.8", f"result {outcome!r}: write done or failed")
    own: dict[str, Any] = {name: given.pop(name) for name in TEXTS if name in given}
    own |= {name: _whole(name, given.pop(name)) for name in WHOLE if name in given}
    by = given.pop("executed_by")
    others = {name: _value(text) for name, text in given.items()}
    return LocalReport(
        company, who, by, _instant(moment), OUTCOMES[outcome], parameters=others, **own
    )


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        example = "2026-11-28T10:15:00-03:00"
        raise Rejected("1.8", f"executed_at {text!r}: write a time with offset, as {example}")
    return moment


def _whole(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Rejected("1.8", f"{name} {text!r}: write a whole number")
    return int(text)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
