"""What `hes demo` understands."""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """The parsed command line. `until` is the last day collected; None means yesterday."""

    once: bool
    concentrators: int
    meters: int
    days: int
    until: date | None
    seed: int
    json: Path | None
    reset: bool
    port: int
    stream_port: int


def parse(arguments: list[str]) -> Options:
    """Read the arguments; prints usage and exits with 2 where they are wrong."""
    return Options(**vars(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hes demo",
        description="Run the whole system with a simulated fleet that speaks DLMS/COSEM.",
    )
    parser.add_argument("--once", action="store_true", help="collect past days once, then end")
    parser.add_argument("--concentrators", type=_between(1, 2000), default=20, metavar="N")
    parser.add_argument("--meters", type=_between(1, 1000), default=25, metavar="N",
                        help="meters under each concentrator")  # fmt: skip
    parser.add_argument("--days", type=_between(1, 60), default=1, metavar="N",
                        help="with --once: how many days, the last one is --until")  # fmt: skip
    parser.add_argument("--until", type=_past_day, metavar="DATE",
                        help="with --once: last day, yyyy-mm-dd (default: yesterday)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another field per seed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="with --once: write the summary")
    parser.add_argument("--reset", action="store_true", help="forget the state of earlier runs")
    parser.add_argument("--port", type=_between(0, 65535), default=8000, metavar="N",
                        help="of the web pages; 0 takes a free one")  # fmt: skip
    parser.add_argument("--stream-port", type=_between(0, 65535), default=5672, metavar="N",
                        help="of the local Event Hub; 0 takes a free one")  # fmt: skip
    return parser


class _between:  # noqa: N801 - reads as a word where it is used
    """A whole number within bounds, for argparse."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def __call__(self, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not self.low <= number <= self.high:
            raise argparse.ArgumentTypeError(f"{number} is not within {self.low} to {self.high}")
        return number


def _past_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-06-10") from None
