"""Watching processes: their memory, and waiting for them without end."""

import os
import signal
import sys

import pytest

from benchmarks.processes import highest, process, resident, wait_until

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


def test_the_highest_memory_is_at_least_what_is_in_use():
    assert 1 < resident(os.getpid()) <= highest(os.getpid())


def test_memory_that_was_given_back_still_counts(tmp_path):
    """As it would not in a process that was forked from a large one: this is of its own."""
    grown = "import time; b'x' * (64 << 20); open('grown', 'w'); time.sleep(60)"
    argv = (sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {grown}")
    with process(argv, tmp_path, "grown") as running:
        wait_until((tmp_path / "grown").exists, "it grows", running, seconds=20)
        assert resident(running.pid) < 64 < highest(running.pid)


def test_a_process_ends_with_its_block_and_knows_its_environment(tmp_path):
    argv = (sys.executable, "-c", "import os; print(os.environ['WISH'])")
    with process(argv, tmp_path, "wish", WISH="granted") as running:
        running.wait(20)
    assert (tmp_path / "wish.log").read_text() == "granted\n"
    with process(SLEEP, tmp_path, "sleep") as running:
        assert running.poll() is None
    assert running.returncode == -signal.SIGTERM


def test_waiting_fails_as_soon_as_a_process_ends_that_is_needed(tmp_path):
    argv = (sys.executable, "-c", "")
    ended = pytest.raises(AssertionError, match=r"a miracle: .* ended")
    with process(argv, tmp_path, "short") as running, ended:
        wait_until(lambda: False, "a miracle", running, seconds=20)


def test_waiting_fails_when_the_time_is_over():
    with pytest.raises(AssertionError, match="a miracle: not within 0 s"):
        wait_until(lambda: False, "a miracle", seconds=0)
