"""``hes campaign``: one order for many devices, in waves."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from hes.domain.errors import HesError
from workorders import campaigns
from workorders.activities.orders.base import Target
from workorders.activities.orders.registry import ACTIVITIES
from workorders.campaigns import Plan, listing
from workorders.campaigns.rules import Act
from workorders.campaigns.targets import Choice
from workorders.management.commands.order import parameters_of

ACTS = {
    Act.APPROVE: "let a draft be started; by another person than its creator",
    Act.START: "order the canary group, then the waves",
    Act.PAUSE: "order nothing new; what is ordered goes on",
    Act.RESUME: "go on ordering",
    Act.STOP: "end it; what waits is cancelled, what is being sent goes on",
}


class Command(BaseCommand):
    help = "One order for many devices: hes campaign create meter_firmware --model CERM1 ..."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        _create_arguments(actions.add_parser("create", help="a draft; it waits for approval"))
        for act, text in ACTS.items():
            one = actions.add_parser(act.value, help=text)
            one.add_argument("campaign", type=int)
            one.add_argument("--as", dest="who", required=True, metavar="USER")
            one.add_argument("--reason", default="")
        listed = actions.add_parser("list", help="campaigns, newest first")
        listed.add_argument("--limit", type=int, default=20)
        listed.add_argument("--company", help="its code; may be left out if there is only one")
        show = actions.add_parser("show", help="one campaign, wave by wave, with its history")
        show.add_argument("campaign", type=int)

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            self.stdout.write(self._told(action, options))
        except HesError as fault:
            raise CommandError(str(fault)) from fault

    def _told(self, action: str, options: dict[str, Any]) -> str:
        if action == "create":
            return _create(options)
        if action == "list":
            return listing.listing(company_of(options["company"]).pk, options["limit"])
        campaign = options["campaign"]
        if action == "show":
            return listing.describe(campaign)
        state = campaigns.act(campaign, Act(action), options["who"], options["reason"])
        return f"campaign {campaign} is {state}"


def _create_arguments(parser: ArgumentParser) -> None:
    usual = Plan("", "")
    parser.add_argument("kind", help="for example meter_firmware, meter_dst, reading")
    parser.add_argument("--name", help="default: the kind")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="a parameter of each order, for example image=cerm1-12")  # fmt: skip
    parser.add_argument("--file", type=Path, help="CSV with a header: meter, or concentrator")
    parser.add_argument("--model", default="", help="all commissioned meters of this model")
    parser.add_argument("--all-of", default="", metavar="SERIAL",
                        help="of this concentrator; `company`: all")  # fmt: skip
    for name, value, text in (
        ("canary", usual.canary, "devices that go first"),
        ("wave", usual.wave, "devices of each later wave"),
        ("priority", usual.priority, "of the orders, 0 to 9"),
        ("patience", usual.patience_hours, "hours a wave waits for devices out of reach"),
        ("hours", usual.order_hours, "life of each order"),
    ):
        parser.add_argument(f"--{name}", type=int, default=value, metavar="N",
                            help=f"{text} (default %(default)s)")  # fmt: skip
    parser.add_argument("--stop-at", type=_permille, default=usual.stop_permille, metavar="SHARE",
                        help="of a wave that may fail, for example 5%% (the default)")  # fmt: skip
    parser.add_argument("--as", dest="who", required=True, metavar="USER")
    parser.add_argument("--company", help="its code; may be left out if there is only one")


def _permille(text: str) -> int:
    """`5%`, `0.5%`: thousandths. A ValueError is argparse's to tell."""
    return round(float(text.removesuffix("%")) * 10)


def _create(options: dict[str, Any]) -> str:
    kind = options["kind"]
    plan = Plan(
        name=options["name"] or kind,
        kind=kind,
        parameters=parameters_of(options["set"]),
        canary=options["canary"],
        wave=options["wave"],
        stop_permille=options["stop_at"],
        patience_hours=options["patience"],
        order_hours=options["hours"],
        priority=options["priority"],
    )
    serials = _serials(options["file"], kind) if options["file"] else None
    choice = Choice(serials, options["model"], options["all_of"])
    company = company_of(options["company"]).pk
    campaign, count = campaigns.create(company, plan, choice, options["who"])
    return f"campaign {campaign} for {count:,} devices waits for approval by another person"


def _serials(file: Path, kind: str) -> list[str]:
    """The column of the kind's target; each device once."""
    known = ACTIVITIES.get(kind)
    column = (known.target if known else Target.METER).value
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, delimiter=";")
            if column not in (rows.fieldnames or ()):
                raise HesError(f"{file}: there is no column {column} - its first line is a header")
            return list(dict.fromkeys(row[column] for row in rows if row[column]))
    except (OSError, UnicodeDecodeError) as fault:
        raise HesError(f"{file}: {fault}") from fault
