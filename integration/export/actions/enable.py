"""`hes export enable`."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from integration.export import disabling
from integration.export.moments import spans

SUMMARY = "let a sink that was given up go on where it stood"


def add_arguments(parser: ArgumentParser) -> None:
    """SINK, --as."""
    parser.add_argument("sink", help="as `hes export status` names it")
    parser.add_argument("--as", default="", dest="who", metavar="WHO", help="who decides")


def run(out: Callable[[str], None], *, sink: str, who: str, **_: Any) -> int:
    """Do it, and say where it goes on. Raises UnknownSink, DisablingRefused."""
    now = disabling.enable(sink, who)
    begins = f"with what was recorded at {now.next_at}" if now.next_at else "with what comes next"
    out(f"{sink} is enabled and goes on after xid {now.xid}, block {now.block_id}, {begins}")
    if now.lost_days:
        out(
            f"{now.lost_lines:,} lines of {spans(now.lost_days)} were dropped while it was given up"
        )
    return 0
