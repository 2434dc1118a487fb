"""Runs named child processes: restarts what crashes, stops in order, leaves nothing behind.

It knows nothing of what it runs. Children start in the order given and stop in the reverse one.
Should the supervisor be killed, the kernel kills the children (`hes.lib.processes`), and the next
supervisor of the same home ends what is left all the same.
"""

import contextlib
import fcntl
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from hes.lib.home import private_folder
from hes.lib.processes import (
    Launch,
    note,
    open_log,
    spawn,
    stop,
    stop_leftovers,
    sweep_group,
)

log = logging.getLogger(__name__)

TICK_SECONDS = 0.2


class AlreadySupervisedError(Exception):
    """Another supervisor runs in the same home."""


@dataclass(frozen=True, slots=True)
class Child:
    """What to run; output goes to ``HES_HOME/logs/<name>.log``. `patience`: seconds to end in."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    patience: float = 20.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before a crashed child starts again: doubling from `first` up to `limit`.

    A child that lived for `healthy_after` seconds starts afresh.
    """

    first: float = 0.5
    limit: float = 30.0
    healthy_after: float = 60.0

    def delay(self, crashes: int) -> float:
        """Pause after the given number of crashes in a row (1 or more)."""
        return min(self.limit, self.first * 2.0 ** min(crashes - 1, 16))


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    restarts: int = 0
    due: float = field(default=0.0)


class Supervisor:
    """Keeps children running between `start` and `stop`; `run` does both and waits in between.

    Use it from the main thread: a child ends with the thread that started it.
    """

    def __init__(
        self,
        home: Path,
        children: Sequence[Child],
        backoff: Backoff | None = None,
        leftover_patience: float = 5.0,
    ) -> None:
        self._home = home
        self._backoff = backoff or Backoff()
        self._leftover_patience = leftover_patience
        self._running = [_Running(child) for child in children]
        self._asked_to_stop = threading.Event()
        self._lock: IO[str] | None = None

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the children that run, by name."""
        return {run.child.name: run.process.pid for run in self._running if run.process}

    @property
    def restarts(self) -> dict[str, int]:
        """How often each child was started again, by name."""
        return {run.child.name: run.restarts for run in self._running}

    def run(self, each_tick: Callable[[], None] = lambda: None) -> None:
        """Start all, keep them running until SIGTERM, SIGINT or `ask_to_stop`, stop all."""
        with self._signals():
            try:
                self.start()
                while not self._asked_to_stop.wait(TICK_SECONDS):
                    self.tick()
                    each_tick()
            finally:
                self.stop()

    def ask_to_stop(self) -> None:
        """Make `run` stop everything and return."""
        self._asked_to_stop.set()

    def start(self) -> None:
        """End leftovers of a killed supervisor, then start every child.

        Raises AlreadySupervisedError, or OSError when a program cannot be executed.
        """
        self._lock = self._take_home()
        stop_leftovers(self._run_folder, (signal.SIGTERM,), self._leftover_patience)
        for run in self._running:
            self._launch(run)

    def tick(self) -> None:
        """Notice children that ended, start those whose pause is over."""
        now = time.monotonic()
        for run in self._running:
            if run.process is None:
                if now >= run.due:
                    run.restarts += 1
                    self._launch(run)
            elif run.process.poll() is not None:
                self._note_crash(run, run.process, now)

    def stop(self) -> None:
        """Stop every child, last one first, each within its patience."""
        for run in reversed(self._running):
            if run.process is not None:
                stop(run.process, (signal.SIGTERM,), run.child.patience)
                sweep_group(run.process.pid)
                run.process = None
                self._pid_file(run).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    @property
    def _run_folder(self) -> Path:
        return private_folder(self._home / "run")

    def _pid_file(self, run: _Running) -> Path:
        return self._run_folder / f"{run.child.name}.pid"

    def _take_home(self) -> IO[str]:
        path = private_folder(self._home) / "supervisor"
        lock = path.open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise AlreadySupervisedError(f"{self._home} is in use by process {owner}") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock

    def _launch(self, run: _Running) -> None:
        # Killed, we can stop nothing in order: the kernel kills, and every process bears that.
        launch = Launch(run.child.argv, run.child.environment, death_signal=signal.SIGKILL)
        with open_log(self._log(run.child)) as output:
            run.process = spawn(launch, output)
        run.started = time.monotonic()
        note(run.process, self._pid_file(run))

    def _note_crash(self, run: _Running, process: subprocess.Popen[bytes], now: float) -> None:
        sweep_group(process.pid)
        lived = now - run.started
        run.crashes = 1 if lived >= self._backoff.healthy_after else run.crashes + 1
        pause = self._backoff.delay(run.crashes)
        run.process, run.due = None, now + pause
        log.warning(
            "%s ended with code %s after %.1f s, starts again in %.1f s; see %s",
            run.child.name, process.returncode, lived, pause, self._log(run.child),
        )  # fmt: skip

    def _log(self, child: Child) -> Path:
        return self._home / "logs" / f"{child.name}.log"

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def handler(number: int, frame: FrameType | None) -> None:
            self.ask_to_stop()

        numbers = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored: started by nohup
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, handler) for number in numbers}
        try:
            yield
        finally:
            for number, former in before.items():
                signal.signal(number, former)
