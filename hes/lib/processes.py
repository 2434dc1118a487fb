"""Child processes that never outlive us.

A child asks the kernel for a signal at the death of its parent (Linux ``PR_SET_PDEATHSIG``), so
even ``kill -9`` of the parent leaves nothing behind. Two traps: the signal belongs to the *thread*
that started the child, so start children from a thread that lives as long as they should; and a
change of user clears it, so it is set last before exec.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 10 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class RunAs:
    """The operating-system user of a child."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: argument vector, whole environment, user (None: ours), signal at our death."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    run_as: RunAs | None = None
    death_signal: signal.Signals = signal.SIGTERM


def spawn(launch: Launch, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a child in its own session (Ctrl-C reaches only us: we stop children in order).

    Output goes to `log`. Raises OSError when the program cannot be executed.
    """
    user = launch.run_as
    return subprocess.Popen(  # noqa: S603 - argv is ours, never a shell line
        list(launch.argv),
        env=dict(launch.environment),
        cwd="/",  # the child's user may not enter our folder
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        preexec_fn=die_with(os.getpid(), launch.death_signal),
    )


def die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """A function that ties the life of the process that calls it to its parent, named by pid.

    A child calls it between fork and exec.
    """

    def tie() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the request reached the kernel
            os._exit(1)

    return tie


def stop(
    process: subprocess.Popen[bytes], signals: Iterable[signal.Signals], patience: float
) -> None:
    """Send the signals in turn, each with `patience` seconds to work, at last SIGKILL."""
    for number in signals:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
    sweep_group(process.pid)
    process.wait()


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process for ever: its number and the clock tick it started at, since numbers return."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """The identity of a running process; None when there is none (a zombie runs no more)."""
        try:
            status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        fields = status.rpartition(")")[2].split()  # the name before may hold blanks and brackets
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    @classmethod
    def read(cls, path: Path) -> "ProcessIdentity | None":
        """What `write` wrote; None when the file is missing or cut short."""
        try:
            pid, started = path.read_text(encoding="ascii").split()
            return cls(int(pid), int(started))
        except (OSError, ValueError):
            return None

    def write(self, path: Path) -> None:
        """Keep for a later run, one line."""
        path.write_text(f"{self.pid} {self.started}\n", encoding="ascii")

    def is_running(self) -> bool:
        """Whether this very process still runs."""
        return ProcessIdentity.of(self.pid) == self


def note(process: subprocess.Popen[bytes], path: Path) -> None:
    """Write the pid file of a child that has just been started."""
    if identity := ProcessIdentity.of(process.pid):
        identity.write(path)


def stop_leftovers(folder: Path, signals: Iterable[signal.Signals], patience: float) -> None:
    """End what an earlier run noted in the pid files of `folder` and left behind; remove them."""
    for path in sorted(folder.glob("*.pid")):
        if leftover := ProcessIdentity.read(path):
            _end(leftover, signals, patience)
        path.unlink()


def sweep_group(pid: int) -> None:
    """Kill what is left of the session a child led (its own children), once it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _end(process: ProcessIdentity, signals: Iterable[signal.Signals], patience: float) -> None:
    for number in signals:
        if process.is_running():
            os.kill(process.pid, number)
            os.kill(process.pid, signal.SIGCONT)  # a frozen one would not hear it
            _wait_until_gone(process, patience)
    if process.is_running():
        sweep_group(process.pid)
        _wait_until_gone(process, patience)


def _wait_until_gone(process: ProcessIdentity, patience: float) -> None:
    deadline = time.monotonic() + patience
    while process.is_running() and time.monotonic() < deadline:
        time.sleep(0.02)


def open_log(path: Path) -> IO[bytes]:
    """Open a log file for appending; a large one becomes ``<name>.1`` first: logs are bounded."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")
