"""The harness's side of `tests.faults.worker`: starts workers, kills and freezes them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from hes.lib.processes import ProcessIdentity, die_with
from tests.faults.worker import Wish

ROOT = Path(__file__).parents[2]


class Nursery:
    """Living workers by pid."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.living: list[int] = []

    def start(self, wish: Wish | None = None) -> int:
        """One more worker."""
        orders, answers = _pipes(self._process)
        orders.write(json.dumps(asdict(wish or Wish())) + "\n")
        orders.flush()
        pid = int(answers.readline())
        self.living.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        """As by a failing machine; returns when it is gone. One that has ended by itself: a bug."""
        self.living.remove(pid)
        assert ProcessIdentity.of(pid), f"worker {pid} has ended by itself, see workers.log"
        os.kill(pid, signal.SIGKILL)
        while ProcessIdentity.of(pid):
            time.sleep(0.001)

    def stop_all(self) -> None:
        """In order: lanes are given back."""
        for pid in self.living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def is_frozen(pid: int) -> bool:
    """Whether a process stands still by a signal."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return status.rpartition(")")[2].split()[0] == "T"
    return False


def freeze(pid: int) -> None:
    """Stop a process wherever it is."""
    os.kill(pid, signal.SIGSTOP)


def thaw(pid: int) -> None:
    """Let it go on as if nothing had been."""
    os.kill(pid, signal.SIGCONT)


@contextmanager
def nursery(home: Path) -> Iterator[Nursery]:
    """Makes workers for the time of the block; what they say is in `<home>/workers.log`."""
    with (home / "workers.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )
        try:
            yield Nursery(process)
        finally:
            process.kill()  # its workers die with it
            process.communicate()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
