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
    """A function for the child, between fork and exec, that ties its life to `parent`."""

    def tie() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the request reached the kernel
            os._exit(1)

    return tie


def stop(
    process: subprocess.Popen[bytes], signals: Iterable[signal.Signals], patience: float
) -> None:
    """Send the signals one after the other, each with `patience` seconds to work, at last SIGKILL."""
    for number in signals:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
    process.kill()
    process.wait()


def is_ours(pid: int, mark: str) -> bool:
    """Whether `pid` runs and its command line contains `mark` (numbers are reused: never trust one)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return mark in command.replace(b"\0", b" ").decode(errors="replace")


def stop_leftover(pid: int, mark: str, signals: Iterable[signal.Signals], patience: float) -> None:
    """End a process of an earlier run, which is not our child; does nothing when `pid` is not ours."""
    for number in (*signals, signal.SIGKILL):
        if not is_ours(pid, mark):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        _wait_until_gone(pid, mark, patience)


def read_pid(path: Path) -> int | None:
    """The process id in the first line of a pid file; None when there is none to read."""
    try:
        return int(path.read_text(encoding="ascii", errors="replace").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _wait_until_gone(pid: int, mark: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while is_ours(pid, mark) and time.monotonic() < deadline:
        time.sleep(0.02)


def open_log(path: Path) -> IO[bytes]:
    """Open a log file for appending; a large one becomes ``<name>.1`` first, so that logs are bounded."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")
