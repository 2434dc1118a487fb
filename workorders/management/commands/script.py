"""``hes script``: write scripts, release those of another person, look at them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from devices.models import Company
from hes.domain.errors import HesError
from hes.lib.tables import table
from workorders import scripts
from workorders.models import Script

HEAD = ("NAME", "VERSION", "TARGET", "STEPS", "AUTHOR", "RELEASED BY", "RELEASED")


class Command(BaseCommand):
    """An order of kind meter_script or concentrator_script carries a released version out."""

    help = "Scripts that orders carry out: hes script add FILE --as ada"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = actions.add_parser("add", help="the next version of a script, from a JSON file")
        add.add_argument("file", type=Path)
        release = actions.add_parser("release", help="let orders use it; not by its author")
        show = actions.add_parser("show", help="a script with its steps")
        listed = actions.add_parser("list", help="all scripts of the company")
        for action in (release, show):
            action.add_argument("name")
            action.add_argument("--version", dest="number", type=int, help="default: the newest")
        for action in (add, release):
            action.add_argument("--as", dest="who", required=True, metavar="USER")
        for action in (add, release, show, listed):
            action.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, action: str, company: str | None, **options: Any) -> None:
        try:
            self.stdout.write(ACTIONS[action](company_of(company), options))
        except (HesError, OSError, UnicodeDecodeError) as fault:
            raise CommandError(str(fault)) from fault


def _add(company: Company, options: dict[str, Any]) -> str:
    text = options["file"].read_text(encoding="utf-8-sig")
    script = scripts.add(company, text, options["who"])
    return f"script {script} is kept; another person releases it: hes script release {script.name}"


def _release(company: Company, options: dict[str, Any]) -> str:
    script = scripts.release(company, options["name"], options["who"], options["number"])
    return f"script {script} is released; orders may carry it out"


def _show(company: Company, options: dict[str, Any]) -> str:
    script = scripts.find(company, options["name"], options["number"])
    return "\n".join([*table([HEAD, _row(script)]), "", scripts.written(script)])


def _list(company: Company, _: dict[str, Any]) -> str:
    rows = [_row(script) for script in scripts.all_of(company)]
    return "\n".join(table([HEAD, *rows])) if rows else "there is no script"


ACTIONS = {"add": _add, "release": _release, "show": _show, "list": _list}


def _row(script: Script) -> tuple[str, ...]:
    released = f"{script.released_at:%Y-%m-%d %H:%M}" if script.released_at else "-"
    numbers = str(script.version), script.target, str(len(script.steps))
    return script.name, *numbers, script.author, script.released_by or "-", released
