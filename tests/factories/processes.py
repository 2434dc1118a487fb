"""Worker processes that tests start, and waiting for what they do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hes.demo.ports import BOTH, free_port
from hes.lib.processes import die_with

ROOT = Path(__file__).parents[2]
Process = subprocess.Popen[bytes]


def listening_port(beyond: int = 0) -> int:
    """Free for UDP and TCP, and above `beyond`."""
    return free_port(beyond + 1 if beyond else 0, BOTH)


@contextmanager
def workers() -> Iterator[Callable[[float | str], Process]]:
    """Starts `tests.factories.worker_process` with its mode; none survives the block."""
    started: list[Process] = []

    def start(mode: float | str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.factories.worker_process", str(mode)],
            cwd=ROOT,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> float:
    """Seconds until the condition held; fails the test when it does not in time."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began
