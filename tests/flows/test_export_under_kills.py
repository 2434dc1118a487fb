"""Files and stream tell the same, whatever is killed: `hes export run` as real processes.

Both sinks and the hub are killed at random and the packing changes meanwhile. Afterwards the
day verifies, and who drops repeats by their ids has exactly the lines of the files.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from devices.models import Company
from devices.parameters import change
from devices.partitions import ensure
from hes.lib.processes import die_with
from integration.export.drain import drain
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.drain import drain_hubs
from integration.export.verify import verify
from integration.models import SinkCursor
from tests.factories.eventhub import local_event_hub
from tests.factories.exported import file_lines
from tests.factories.processes import ROOT
from tests.integration.export.event_hub.serving import events, received_lines, repeats
from tests.integration.export.writers import lines, store

KILLS = 6
PACKINGS = ("", "S=150:csv,HPE=3:csv", "S=9:csv")
# The SDK leaves what was cut to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:.*StreamWriter:ResourceWarning")


@pytest.fixture
def today(transactional_db):
    day = datetime.now(UTC).date()
    ensure("export_block", day, day)
    return day


@pytest.fixture
def company(today):
    return Company.objects.create(name="Demo", code="demo")


@contextmanager
def _export_run(root, hub, *sinks):
    """The command as operators start it, killed at the end."""
    argv = [sys.executable, "-m", "hes.cli", "export", "run", "--folder", str(root)]
    process = subprocess.Popen(
        [*argv, *(word for sink in sinks for word in ("--sink", sink))],
        cwd=ROOT,
        env=os.environ | {"HES_EVENTHUB_CONNECTION_STRING": hub.connection_string},
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with(os.getpid(), signal.SIGKILL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _write(company, day, number):
    store(company, day, lines(number, 400), lines(number + 400, 10))
    store(company, day, events(number, 4), kind="HPE")
    time.sleep(0.05)
    return number + 410


def _delivered():
    row = SinkCursor.objects.filter(sink="hub/demo/S").first()
    return row.messages if row else 0


def _epochs():
    return dict(SinkCursor.objects.values_list("sink", "owner_epoch"))


def test_files_and_stream_hold_the_same_lines_after_every_kind_of_kill(company, today, tmp_path):
    dice, root, number = random.Random(7), tmp_path / "export", 0  # noqa: S311 - repeatable
    with local_event_hub(tmp_path / "hub", {"hes-s": 4, "hes-hpe": 4}) as hub:
        hub.faults(round_trip_ms=15, store_without_ack_every=4)
        for kill in range(KILLS):
            change(company, "hub_packing", PACKINGS[kill % len(PACKINGS)])
            with _export_run(root, hub, "csv_files", "hubs"):
                begun, latest = _delivered(), time.monotonic() + 120
                while _delivered() == begun:  # it is at work, then it dies at any moment
                    number = _write(company, today, number)
                    assert time.monotonic() < latest, "nothing is delivered"
                end = time.monotonic() + dice.random()
                while time.monotonic() < end:
                    number = _write(company, today, number)
            if kill == KILLS // 2:
                hub.restart()
        hub.faults()
        drain(root)
        drain_hubs(30, Access(hub.connection_string))
        repeated = 0
        for kind in ("S", "HPE"):
            messages = hub.read(f"hes-{kind.lower()}")
            repeated += repeats(messages)  # the same body under the same id, in the same partition
            assert Counter(received_lines(messages).values()) == Counter(file_lines(root, kind))
    assert repeated > 0, "the faults met messages under way"
    report = verify(today, root)
    assert report.is_clean, report.faults
    assert number > 0
    assert min(_epochs()[sink] for sink in ("csv_files", "hub/demo/S")) > KILLS / 2
