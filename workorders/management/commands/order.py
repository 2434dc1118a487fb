"""``hes order``: submit work orders, see what became of them, cancel, approve, resolve."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from hes.domain.errors import HesError
from hes.lib.person import person
from workorders import decisions, listing, submission
from workorders.requests import Request, Submitted

FIELDS = ("meter", "pod", "concentrator", "priority", "outer_id", "correlation_id")


class Command(BaseCommand):
    help = "Order an activity of a device: hes order submit disconnect --meter UAAEEDN11100000000"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        _submit_arguments(actions.add_parser("submit", help="ask for an activity"))
        show = actions.add_parser("show", help="one order with its history")
        show.add_argument("order", type=int)
        listed = actions.add_parser("list", help="orders, newest first")
        listed.add_argument("--state", help="held, queued, unknown, done, failed ...")
        listed.add_argument("--kind")
        listed.add_argument("--limit", type=int, default=20)
        listed.add_argument("--company", help="its code; may be left out if there is only one")
        for name, text in (
            ("cancel", "an order that is not being sent"),
            ("approve", "let a held order go; by another person than its requester"),
            ("refuse", "end a held order"),
            ("resolve", "say how an order ended that no read could find out"),
        ):
            act = actions.add_parser(name, help=text)
            act.add_argument("order", type=int)
            act.add_argument("--as", dest="who", required=True, metavar="USER")
            act.add_argument("--reason", default="")
            if name == "resolve":
                act.add_argument("--failed", action="store_true", help="it was not carried out")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            ACTIONS[action](self, **options)
        except HesError as fault:
            raise CommandError(str(fault)) from fault

    def submit(self, *, file: Path | None, **options: Any) -> None:
        """One order, or one for each row of a file; refused rows are listed with their reason."""
        one = _request(options)
        requests = list(_rows(file, one)) if file else [one]
        answers = submission.submit(requests)
        for number, answer in enumerate(answers, 2):
            if len(answers) == 1 or answer.rejected:
                self.stdout.write(_told(answer, f"line {number}: " if file else ""))
        taken = sum(1 for answer in answers if not answer.rejected)
        if file:
            self.stdout.write(f"{taken:,} of {len(answers):,} orders accepted")
        if taken < len(answers):
            raise CommandError(f"{len(answers) - taken:,} refused")

    def show(self, *, order: int, **_: Any) -> None:
        """Facts, then the history."""
        self.stdout.write(listing.describe(order))

    def list(self, *, company: str | None, **options: Any) -> None:
        """A table."""
        wanted = {name: options[name] for name in ("state", "kind", "limit")}
        self.stdout.write(listing.table(company_of(company).pk, **wanted))

    def cancel(self, *, order: int, who: str, reason: str, **_: Any) -> None:
        if not decisions.cancel(order, who, reason):
            raise CommandError(f"order {order} is being sent or has ended: it is too late")
        self.stdout.write(f"order {order} is cancelled")

    def approve(self, *, order: int, who: str, reason: str, **_: Any) -> None:
        decisions.approve(order, who, yes=True, reason=reason)
        self.stdout.write(f"order {order} goes on")

    def refuse(self, *, order: int, who: str, reason: str, **_: Any) -> None:
        decisions.approve(order, who, yes=False, reason=reason)
        self.stdout.write(f"order {order} is refused")

    def resolve(self, *, order: int, who: str, reason: str, failed: bool, **_: Any) -> None:
        decisions.resolve(order, who, done=not failed, reason=reason)
        self.stdout.write(f"order {order} is {'failed' if failed else 'done'}")


ACTIONS = {
    name: getattr(Command, name)
    for name in ("submit", "show", "list", "cancel", "approve", "refuse", "resolve")
}


def _submit_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("kind", help="for example reading, disconnect, credit_charge")
    parser.add_argument("--meter", help="its serial")
    parser.add_argument("--pod", help="its name")
    parser.add_argument("--concentrator", help="its serial, for concentrator orders")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="a parameter of the activity; numbers and JSON work")  # fmt: skip
    parser.add_argument("--file", type=Path, help="CSV with a header: meter, pod, parameters ...")
    parser.add_argument("--priority", type=int, default=4, help="0 to 9, 9 first (default 4)")
    parser.add_argument("--hours", type=float, help="until it expires (default: by setting)")
    parser.add_argument("--bypass-retry", action="store_true", help="one try only")
    parser.add_argument("--outer-id", default="", help="the same id gives the same order again")
    parser.add_argument("--correlation-id", default="")
    parser.add_argument("--as", dest="who", default=person(), metavar="USER",
                        help="who asks (default: %(default)s)")  # fmt: skip
    parser.add_argument("--company", help="its code; may be left out if there is only one")


def _request(options: dict[str, Any]) -> Request:
    hours = options["hours"]
    return Request(
        kind=options["kind"],
        company_id=company_of(options["company"]).pk,
        meter=options["meter"],
        pod=options["pod"],
        concentrator=options["concentrator"],
        parameters=parameters_of(options["set"]),
        priority=options["priority"],
        expires_at=datetime.now(UTC) + timedelta(hours=hours) if hours else None,
        bypass_retry=options["bypass_retry"],
        requested_by=options["who"],
        outer_id=options["outer_id"],
        correlation_id=options["correlation_id"],
    )


def parameters_of(pairs: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE; values that are JSON are taken as such."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--set {pair}: write NAME=VALUE")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _rows(file: Path, common: Request) -> Iterator[Request]:
    """A request per row: columns of FIELDS, all others are parameters of the activity."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            given = {name: value for name, value in row.items() if name and value}
            own: dict[str, Any] = {name: given.pop(name) for name in FIELDS if name in given}
            if "priority" in own:
                own["priority"] = int(own["priority"])
            parameters = {name: _value(value) for name, value in given.items()}
            yield replace(
                common, source="csv", **own, parameters={**common.parameters, **parameters}
            )


def _told(answer: Submitted, place: str) -> str:
    if answer.rejected:
        return f"{place}refused {answer.rejected}"
    again = " (known already)" if answer.is_repeat else ""
    held = f": {answer.hold_reason}" if answer.hold_reason else ""
    return f"{place}order {answer.order_id} {answer.state}{held}{again}"
