"""`hes export replay`."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from typing import Any

from integration.export import replay
from integration.export.moments import HELP, moment, spans

SUMMARY = "send again to a hub what was recorded within a span of time"


def add_arguments(parser: ArgumentParser) -> None:
    """--sink, --from, --to, --as, --partial."""
    parser.add_argument("--sink", required=True, help="as `hes export status` names it")
    for name, dest in (("--from", "begins"), ("--to", "ends")):
        parser.add_argument(name, type=moment, required=True, dest=dest, metavar="TIME", help=HELP)
    parser.add_argument(
        "--as", default="", dest="who", metavar="WHO", help="who asks (default: you)"
    )
    parser.add_argument(
        "--partial", action="store_true", help="although days of the span are not kept any more"
    )


def run(
    out: Callable[[str], None],
    *,
    sink: str,
    begins: datetime,
    ends: datetime,
    who: str,
    partial: bool,
    **_: Any,
) -> int:
    """Ask for it; the relay does it. Raises ReplayRefused."""
    asked = replay.ask(sink, begins, ends, who, partial=partial)
    now = asked.progress
    out(f"{sink} will send {now.blocks:,} blocks with {now.left:,} lines again")
    if asked.missing:
        out(f"without {spans(asked.missing)}: no blocks are kept of these days")
    return 0
