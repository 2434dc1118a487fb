"""``hes firmware``: images come in, are released by another person, and are listed."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from hes.domain.errors import HesError
from workorders import images
from workorders.activities.orders.base import Target
from workorders.images import Label


class Command(BaseCommand):
    help = "Firmware images: hes firmware add cerm1-12.bin --target meter --model CERM1 ..."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = actions.add_parser("add", help="store an image; it waits for its release")
        add.add_argument("file", type=Path)
        add.add_argument("--target", required=True, choices=[target.value for target in Target])
        add.add_argument("--model", default="", help="the meter model, for example CERM1")
        add.add_argument("--version", required=True, dest="shown", metavar="VERSION",
                         help="what the device shows when it runs the image")  # fmt: skip
        add.add_argument("--identifier", help="its name (default: the name of the file)")
        release = actions.add_parser("release", help="by another person than who added it")
        release.add_argument("identifier")
        listed = actions.add_parser("list", help="images, newest first")
        listed.add_argument("--limit", type=int, default=20)
        for action in (add, release):
            action.add_argument("--as", dest="who", required=True, metavar="USER")
        for action in (add, release, listed):
            action.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, action: str, company: str | None, **options: Any) -> None:
        try:
            self.stdout.write(ACTIONS[action](company_of(company).pk, options))
        except HesError as fault:
            raise CommandError(str(fault)) from fault


def _add(company: int, options: dict[str, Any]) -> str:
    file: Path = options["file"]
    identifier = options["identifier"] or file.stem
    target = Target(options["target"])
    label = Label(target, options["model"], options["shown"], identifier)
    digest = images.add(company, file, label, options["who"])
    return f"image {identifier} is stored, SHA-256 {digest}; it waits for its release"


def _release(company: int, options: dict[str, Any]) -> str:
    images.release(company, options["identifier"], options["who"])
    return f"image {options['identifier']} is released"


def _list(company: int, options: dict[str, Any]) -> str:
    return images.listing(company, options["limit"])


ACTIONS = {"add": _add, "release": _release, "list": _list}
