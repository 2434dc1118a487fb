"""Exporters as processes of their own, and volumes that fill up or go read-only."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import threading
import time

import pytest
from django.db import connection

from hes.lib.processes import PR_SET_PDEATHSIG, _libc
from integration.export.cursor import take_over
from integration.export.runner import Exporter
from integration.export.sealing import seal_next
from integration.export.sinks.csv_files import CsvFiles
from integration.export.verify import verify
from integration.models import ExportFile

fork = multiprocessing.get_context("fork")


def _export(root):
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    Exporter(CsvFiles(root), threading.Event()).run()


@contextlib.contextmanager
def exporter(root):
    """A process that exports until the block ends, then it is killed."""
    connection.close()  # a session must not be shared over a fork
    process = fork.Process(target=_export, args=(root,), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def wait_for(condition, seconds=60.0):
    """Until it holds; never for ever."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def exported_lines():
    """Lines that the ledger has committed."""
    return sum(ExportFile.objects.values_list("lines", flat=True))


def seal_all(root):
    """Everything that may be sealed, here and now; returns in how many steps."""
    owner, steps = take_over(CsvFiles.name), 0
    while seal_next(owner, root):
        steps += 1
    return steps


def assert_clean(day, root):
    """What `hes export verify` says; returns its report."""
    report = verify(day, root)
    assert report.is_clean, report.faults
    return report


@contextlib.contextmanager
def small_volume(folder, size="1m"):
    """A volume of its own at `folder`; skips the test where nobody may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"only root with CAP_SYS_ADMIN can mount a volume: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def volume_to_lock(folder):
    """What `read_only` needs: for root a volume, for others a folder of theirs."""
    if os.geteuid() == 0:
        return small_volume(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return contextlib.nullcontext()


@contextlib.contextmanager
def read_only(folder):
    """Nothing can be made in `folder`: remounted for root, whom no mode stops."""
    if os.geteuid():
        folder.chmod(0o550)
        yield
        folder.chmod(0o750)
        return
    _remount(folder, "ro")
    yield
    _remount(folder, "rw")


def _remount(folder, mode):
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)
