"""The supervisor with real child processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hes.lib.home import private_folder
from hes.lib.processes import Launch, ProcessIdentity, note, spawn
from hes.supervisor import AlreadySupervisedError, Backoff, Child, Supervisor

QUICK = Backoff(first=0.01, limit=0.05)
SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(15, signal.SIG_IGN); {SLEEPER}"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"
SUPERVISOR = """
import json, sys, time
from pathlib import Path
from hes.lib.ready import write_ready
from hes.supervisor import Child, Supervisor
home, code = Path(sys.argv[1]), sys.argv[2]
children = [Child(name, [sys.executable, "-c", code], {}) for name in ("one", "two")]
supervisor = Supervisor(home, children)
supervisor.run(lambda: write_ready(home / "pids", json.dumps(supervisor.pids)))
print("stopped in order")
"""


def child(name: str, code: str, patience: float = 5) -> Child:
    return Child(name, [sys.executable, "-c", code], dict(os.environ), patience)


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def log_of(home: Path, name: str) -> str:
    path = home / "logs" / f"{name}.log"
    return path.read_text() if path.exists() else ""


def supervising(home: Path, code: str) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """A supervisor in a process of its own, and the pids of its children."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(home), code], stdout=subprocess.PIPE, text=True
    )
    wait_until((home / "pids").exists)
    wait_until(lambda: all("awake" in log_of(home, name) for name in ("one", "two")))
    return process, json.loads((home / "pids").read_text())


def gone(pids) -> bool:
    return not any(ProcessIdentity.of(pid) for pid in pids)


def test_children_stop_in_the_reverse_order_of_their_start(tmp_path):
    trace = tmp_path / "trace"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    open({path!r}, 'a').write({name!r}); sys.exit()\n"
        "signal.signal(15, end); print('awake', flush=True); time.sleep(600)"
    )
    children = [child(name, code.format(path=str(trace), name=name)) for name in "abc"]
    supervisor = Supervisor(tmp_path, children)
    supervisor.start()
    wait_until(lambda: all("awake" in log_of(tmp_path, name) for name in "abc"))
    supervisor.stop()
    assert trace.read_text() == "cba"
    assert supervisor.pids == {}
    assert list((tmp_path / "run").iterdir()) == []


def test_a_crashed_child_starts_again_after_a_pause(tmp_path, caplog):
    supervisor = Supervisor(tmp_path, [child("weak", "raise SystemExit(3)")], QUICK)
    supervisor.start()
    try:
        wait_until(lambda: supervisor.tick() or supervisor.restarts["weak"] >= 3)
    finally:
        supervisor.stop()
    assert "weak ended with code 3" in caplog.text


def test_the_pause_doubles_up_to_a_limit():
    backoff = Backoff(first=1, limit=10)
    assert [backoff.delay(crashes) for crashes in (1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 10, 10]


def test_what_a_crashed_child_started_ends_with_it(tmp_path):
    supervisor = Supervisor(tmp_path, [child("parent", PARENT)], Backoff(first=600, limit=600))
    supervisor.start()
    try:
        wait_until(lambda: "awake" in log_of(tmp_path, "parent"))
        pid = supervisor.pids["parent"]
        grandchildren = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: supervisor.tick() or not supervisor.pids)
        assert grandchildren
        wait_until(lambda: gone(map(int, grandchildren)))
    finally:
        supervisor.stop()


def test_a_child_that_ignores_the_request_is_killed_after_its_patience(tmp_path):
    supervisor = Supervisor(tmp_path, [child("stubborn", STUBBORN, patience=0.2)])
    supervisor.start()
    wait_until(lambda: "awake" in log_of(tmp_path, "stubborn"))
    pids = supervisor.pids.values()
    supervisor.stop()
    assert gone(pids)


def test_run_returns_when_asked_to_stop(tmp_path):
    supervisor = Supervisor(tmp_path, [child("sleeper", SLEEPER)])
    seen = []

    def look() -> None:
        seen.append(supervisor.pids)
        threading.Timer(0.1, supervisor.ask_to_stop).start()  # from outside, as a signal comes

    supervisor.run(look)
    assert "sleeper" in seen[0]
    assert gone(seen[0].values())


def test_one_home_has_one_supervisor(tmp_path):
    first = Supervisor(tmp_path, [])
    first.start()
    with pytest.raises(AlreadySupervisedError, match=f"in use by process {os.getpid()}"):
        Supervisor(tmp_path, []).start()
    first.stop()
    second = Supervisor(tmp_path, [])
    second.start()
    second.stop()


def test_sigterm_stops_everything_in_order(tmp_path):
    process, pids = supervising(tmp_path, SLEEPER)
    process.terminate()
    assert process.communicate(timeout=20)[0] == "stopped in order\n"
    assert gone(pids.values())


def test_a_killed_supervisor_leaves_no_process(tmp_path):
    process, pids = supervising(tmp_path, SLEEPER)
    process.kill()
    process.communicate()
    wait_until(lambda: gone(pids.values()))


def test_children_that_ignore_requests_end_with_a_killed_supervisor_too(tmp_path):
    process, pids = supervising(tmp_path, STUBBORN)
    process.kill()
    process.communicate()
    wait_until(lambda: gone(pids.values()))


def test_what_an_earlier_supervisor_left_is_ended_by_the_next(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        left = spawn(Launch([sys.executable, "-uc", STUBBORN], os.environ), log)
    note(left, private_folder(tmp_path / "run") / "left.pid")
    wait_until(lambda: "awake" in (tmp_path / "log").read_text())
    supervisor = Supervisor(tmp_path, [], leftover_patience=0.2)
    supervisor.start()
    supervisor.stop()
    assert left.wait(5) == -signal.SIGKILL
