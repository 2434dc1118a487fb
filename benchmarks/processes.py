"""The product's own processes beside a benchmark, and the memory they take."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from hes.lib.processes import Launch, open_log, spawn, stop

HES = (sys.executable, "-m", "hes.cli")
PATIENCE = 120.0
LOOK_SECONDS = 0.05


@contextmanager
def process(
    argv: Sequence[str], home: Path, name: str, **environment: str
) -> Iterator[Popen[bytes]]:
    """Runs until the end of the block; what it says is in `<home>/<name>.log`."""
    with open_log(home / f"{name}.log") as log:
        running = spawn(Launch(argv, os.environ | environment), log)
        try:
            yield running
        finally:
            stop(running, [signal.SIGTERM], patience=20)


def wait_until(
    is_so: Callable[[], bool], what: str, *processes: Popen[bytes], seconds: float = PATIENCE
) -> None:
    """Until it is so; fails when a process that is needed for it ends, or the time is over."""
    deadline = time.monotonic() + seconds
    while not is_so():
        ended = [running.args for running in processes if running.poll() is not None]
        assert not ended, f"{what}: {ended} ended; see its log"
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(LOOK_SECONDS)


def resident(pid: int) -> float:
    """MB in memory now."""
    return _megabytes(pid, "VmRSS")


def highest(pid: int) -> float:
    """MB in memory at most since it started, as `ru_maxrss` has it, but never its parent's."""
    return _megabytes(pid, "VmHWM")


def _megabytes(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith(name))
    return int(kilobytes) / 1024
