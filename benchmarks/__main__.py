"""`python -m benchmarks [NAME ...] [--json FILE] [--rounds N]`: all promises, or the named ones.

Starts its own PostgreSQL (fsync on) in a folder that is removed afterwards.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import BENCHMARKS, Bench, Benchmark
from benchmarks.race import Result, table
from benchmarks.servers import servers, setup

ROUNDS = 7


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = _parse()
    home = Path(tempfile.mkdtemp(prefix="hes-bench-"))
    try:
        with servers(home):
            setup()
            begin = time.monotonic()
            results = [line for name in options.names for line in _run(name, home, options.rounds)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"\n{table(results)}\n\n{len(results)} figures in {time.monotonic() - begin:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(_report(results), indent=2) + "\n", encoding="utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="of each race")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(BENCHMARKS)):
        parser.error(
            f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}"
        )
    if options.rounds < 1:
        parser.error("--rounds: give 1 or more")
    options.names = options.names or list(BENCHMARKS)
    return options


def _run(name: str, home: Path, rounds: int) -> list[Result]:
    benchmark = Benchmark.load(name)
    print(f"\n{name}: {benchmark.method}", flush=True)
    begin, results = time.monotonic(), []
    for result in benchmark.run(Bench(home, rounds)):
        results.append(result)
        print(f"  {result.name}: {result.value:.3f} {result.unit}", flush=True)
    print(f"  ({time.monotonic() - begin:.0f} s)", flush=True)
    return results


def _report(results: list[Result]) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "results": [result.as_json() for result in results],
    }


if __name__ == "__main__":
    sys.exit(main())
