"""`python -m tests.soak [--seeds N] [--seed N]`: many lives of the simulated world, or one again.

Two processes, a bar while it runs; at the end seeds, moves and violations. A seed that fails is
added to tests/workorders/seeds.txt, and is a test from then on. Exit code 1 on any violation.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import django

PROCESSES = 2
CHUNK = 20  # seeds
WIDTH = 40  # of the bar
Life = tuple[int, Counter[str], list[str]]  # seed, what happened how often, violations


def main() -> int:
    """Run, print, keep what failed."""
    options = _parse()
    seeds = [options.seed] if options.seed is not None else list(range(options.seeds))
    began, moves, failed = time.monotonic(), Counter[str](), list[int]()
    for number, (seed, happened, faults) in enumerate(_lives(seeds), start=1):
        moves += happened
        if faults:
            failed.append(seed)
            print(f"\nseed {seed}: {faults[0]}\n  again: python -m tests.soak --seed {seed}")
        _tell(number, len(seeds), len(failed))
    seconds = time.monotonic() - began
    print(f"\n{len(seeds):,} seeds, {moves.total():,} moves, {len(failed)} with violations", end="")
    print(f" ({seconds:.0f} s)\n" + ", ".join(f"{n} {what}" for what, n in moves.most_common()))
    _keep(failed)
    return 1 if failed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, metavar="N", help="how many, from 0")
    parser.add_argument("--seed", type=int, metavar="N", help="only this one")
    return parser.parse_args()


def _lives(seeds: Sequence[int]) -> Iterator[Life]:
    with ProcessPoolExecutor(PROCESSES) as pool:
        yield from pool.map(_live, seeds, chunksize=CHUNK)


def _live(seed: int) -> Life:
    from tests.factories.violations import judged

    world, faults = judged(seed)
    happened = Counter({str(cause): count for cause, count in world.moves.items()})
    happened["unreachable"], happened["reachable"] = world.records.flips[-1], world.records.flips[1]
    happened["samples left"] = sum(map(len, world.records.left.values()))
    return seed, happened, faults


def _tell(done: int, of: int, failed: int) -> None:
    """The bar on a terminal; elsewhere a line for every tenth."""
    filled = "#" * (WIDTH * done // of)
    if sys.stdout.isatty():
        print(f"\r[{filled:<{WIDTH}}] {done:,}, {failed} failed", end="", flush=True)
    elif done % max(1, of // 10) == 0:
        print(f"{done:,} of {of:,}, {failed} failed", flush=True)


def _keep(failed: Sequence[int]) -> None:
    from tests.factories.violations import SEEDS, known_seeds

    if new := sorted(set(failed) - set(known_seeds())):
        with SEEDS.open("a", encoding="ascii") as file:
            file.writelines(f"{seed}\n" for seed in new)
        print(f"added to {SEEDS.name}: {', '.join(map(str, new))}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:  # settings keep their keys somewhere
        os.environ |= {"HES_HOME": home, "DJANGO_SETTINGS_MODULE": "hes.settings"}
        django.setup()
        sys.exit(main())
