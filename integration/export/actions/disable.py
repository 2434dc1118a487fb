"""`hes export disable`."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from typing import Any

from integration.export import disabling
from integration.export.moments import HELP, moment

SUMMARY = "give a sink up, so that it holds no blocks any more"


def add_arguments(parser: ArgumentParser) -> None:
    """SINK, --lose-until, --as."""
    parser.add_argument("sink", help="as `hes export status` names it")
    parser.add_argument(
        "--lose-until", type=moment, required=True, metavar="TIME",
        help=f"what was recorded until then need not be kept for it; {HELP}",
    )  # fmt: skip
    parser.add_argument("--as", default="", dest="who", metavar="WHO", help="who decides")


def run(out: Callable[[str], None], *, sink: str, lose_until: datetime, who: str, **_: Any) -> int:
    """Do it, and say what it may cost. Raises UnknownSink, DisablingRefused."""
    stake = disabling.disable(sink, lose_until, who)
    out(
        f"{sink} is disabled. Of what was recorded until {lose_until} it has not delivered "
        f"{stake.lines:,} lines ({stake.bytes:,} bytes): they are lost for it once `hes maintain` "
        f"drops their days. Until then, `hes export enable {sink}` delivers them"
    )
    return 0
