"""``hes outages``: what is out, how it went, what days came to."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from devices.management.commands.import_template import company_of
from hes.lib.tables import table
from listeners.outage_store import figures, records
from listeners.outages.facts import Level
from workorders.api.fields import LARGEST_ID

COLUMNS = (
    "outage", "level", "name", "state", "since", "until", "customers", "customers_out",
    "customer_minutes", "restored_by", "part_of",
)  # fmt: skip
SUSPECTS = ("substation", "transformer", "concentrator", "since", "meters", "customers_out")
STEPS = ("at", "known_at", "kind", "customers_out", "text")
CHECKS = ("asked_at", "round", "meter", "order", "finding", "found_at")
DAYS = (
    "day", "customers", "outages", "interruptions", "momentaries", "customer_minutes", "saidi",
    "saifi", "caidi", "maifi",
)  # fmt: skip


class Command(BaseCommand):
    help = "Outages: hes outages list --open; hes outages show 17; hes outages figures"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listed = actions.add_parser("list", help="newest first")
        listed.add_argument("--open", action="store_true", help="those that last")
        listed.add_argument("--level", choices=[level.value for level in Level])
        listed.add_argument("--limit", type=_up_to(records.LONGEST_PAGE), default=50)
        show = actions.add_parser("show", help="one, with its timeline and its bellwethers")
        show.add_argument("outage", type=_up_to(LARGEST_ID))
        days = actions.add_parser("figures", help="customers x minutes and indices, per day")
        days.add_argument(
            "--days", type=_up_to(figures.MOST_DAYS), default=31, help="so many, today included"
        )
        for action in (listed, show, days):
            action.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, action: str, company: str | None, **options: Any) -> None:
        self.stdout.write("\n".join(ACTIONS[action](company_of(company).pk, options)))


def _up_to(most: int) -> Callable[[str], int]:
    """A whole number from 1."""

    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text[:20]) <= most:
            raise ArgumentTypeError(f"{text!r}: give 1 to {most}")
        return int(text)

    return number


def _list(company: int, options: dict[str, Any]) -> Iterable[str]:
    filters = {"state": "open"} if options["open"] else {}
    if options["level"]:
        filters["level"] = options["level"]
    found = _table(COLUMNS, records.page(company, filters, options["limit"]))
    since = records.storm_since(company)
    head = [f"storm since {_shown(since)}: single customers are told when it is over"]
    lines = [*(head if since else []), *found]
    if suspected := records.suspected(company):
        lines += ["", "dark, and not told yet:", *_table(SUSPECTS, suspected)]
    return lines


def _show(company: int, options: dict[str, Any]) -> Iterable[str]:
    found = records.one(company, options["outage"])
    if found is None:
        raise CommandError(f"there is no outage {options['outage']}: see `hes outages list`")
    timeline, checks = found.pop("timeline"), found.pop("checks")
    facts = [
        f"{name:18}{_shown(value)}" for name, value in found.items() if value not in ("", None)
    ]
    lines = [*facts, "", *_table(STEPS, timeline)]
    return [*lines, "", *_table(CHECKS, checks)] if checks else lines


def _figures(company: int, options: dict[str, Any]) -> Iterable[str]:
    last = timezone.now().date() + timedelta(days=1)  # it may be tomorrow already at the company
    found = figures.of_days(company, last - timedelta(days=options["days"]), last)
    return _table(DAYS, found)


ACTIONS = {"list": _list, "show": _show, "figures": _figures}


def _table(columns: Sequence[str], found: Sequence[dict[str, Any]]) -> Iterable[str]:
    head = [name.replace("_", " ").upper() for name in columns]
    return table([head, *([_shown(row[name]) for name in columns] for row in found)])


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    return "-" if value is None else str(value)
