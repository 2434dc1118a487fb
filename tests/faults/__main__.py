"""`python -m tests.faults [NAME ...] [--seed N] [--short]`: all scenarios, or the named ones.

Starts its own PostgreSQL (durable) and Redis in a folder that is removed afterwards, or kept where
something was violated: its logs say more. Exit code 1 on any violation.
"""

import argparse
import json
import math
import os
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from benchmarks.servers import servers, setup
from hes.lib.tables import table
from tests.faults.scenario import SCENARIOS, Course, Scenario


def main() -> int:
    """Do harm, print the table."""
    options = _parse()
    home = Path(tempfile.mkdtemp(prefix="hes-faults-"))
    with servers(home) as running:
        setup()
        courses = [_run(name, options, running, home) for name in options.names]
    print("\n" + "\n".join(table([_HEAD, *map(_row, courses)])), flush=True)
    if options.json:
        options.json.write_text(json.dumps([_report(one) for one in courses], indent=2) + "\n")
    is_well = not any(course.violations for course in courses)
    if is_well:
        shutil.rmtree(home, ignore_errors=True)
    else:
        print(f"\nlogs are in {home}")
    return 0 if is_well else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCENARIOS))
    parser.add_argument("--seed", type=int, help="repeats the course of that seed")
    parser.add_argument("--short", action="store_true", help="a few injuries of each")
    parser.add_argument("--minutes", type=float, default=math.inf, help="of harm in each, at most")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was counted")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(SCENARIOS)):
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    options.names = options.names or list(SCENARIOS)
    options.seed = secrets.randbelow(10_000) if options.seed is None else options.seed
    return options


def _run(name: str, options: argparse.Namespace, running: object, home: Path) -> Course:
    scenario = Scenario.load(name)
    size = scenario.short if options.short else scenario.full
    print(f"{name}, seed {options.seed}: {scenario.meaning}", flush=True)
    postgres, redis = running._postgres, running._redis  # what scenarios stop behind its back
    course = Course(name, options.seed, size, postgres, redis, home, _tell, options.minutes)
    began = time.monotonic()
    try:
        scenario.run(course)
    except Exception as fault:
        traceback.print_exc()
        course.violations.append(f"broke off: {fault!r}")
    course.seconds = time.monotonic() - began
    _tell("")
    print(f"  {_counts(course.injected)}\n  {_counts(course.counted)} ({course.seconds:.0f} s)")
    for violation in course.violations:
        print(f"  VIOLATION {violation}")
    if course.violations:
        print(f"  again: make faults ONLY={name} SEED={course.seed}", flush=True)
    return course


def _tell(text: str) -> None:
    """The line of progress, on a terminal only."""
    if sys.stdout.isatty():
        print(f"\r\033[K  {text}", end="", flush=True)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in counts.items())


_HEAD = ("SCENARIO", "SEED", "INJECTED", "ORDERS", "TWICE", "WAITING", "VIOLATIONS", "SECONDS")


def _row(course: Course) -> tuple[str, ...]:
    counted = course.counted
    numbers = (counted["orders"], counted["executed twice"], counted["waiting for a person"])
    return (
        course.name,
        str(course.seed),
        _counts(course.injected),
        *(f"{number:,}" for number in numbers),
        f"{len(course.violations)}",
        f"{course.seconds:.0f}",
    )


def _report(course: Course) -> dict[str, object]:
    names = ("name", "seed", "injected", "counted", "violations", "seconds")
    return {name: getattr(course, name) for name in names}


if __name__ == "__main__":
    os.environ.setdefault("HES_ENV", "development")
    sys.exit(main())
