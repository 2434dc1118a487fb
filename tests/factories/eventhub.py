"""A local Event Hub in a process of its own, and what it holds read straight from its disk."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hes.lib.processes import die_with
from integration.eventhub_local import messages
from integration.eventhub_local.codec import decode
from integration.eventhub_local.faults import CHECK_EVERY
from integration.eventhub_local.segments import segments_of
from integration.eventhub_local.server import TlsFiles
from tests.factories.processes import ROOT

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message of a hub as it lies on disk."""

    partition: int
    sequence: int
    body: bytes
    properties: dict[str, str | int]
    content_type: str | None
    message_id: str | None
    partition_key: str


class RunningHub:
    """The process; `freeze`, `kill` and `restart` are what a test does to it."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self._folder = folder
        self._arguments = arguments
        self._faults = folder / "faults.json"
        self._ready = folder / "ready.json"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.connection_string = ""

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it (again: on the same port and folder) and wait until it listens."""
        self._ready.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hes.cli", "eventhub", *self._arguments),
                *("--folder", self._folder / "hub", "--port", str(self.port)),
                *("--ready-file", self._ready, "--faults", self._faults),
            ],
            cwd=ROOT,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )
        deadline = time.monotonic() + PATIENCE
        while not self._ready.exists():
            assert self._process.poll() is None, "the local Event Hub ended at its start"
            assert time.monotonic() < deadline, "the local Event Hub did not start in time"
            time.sleep(0.02)
        found = json.loads(self._ready.read_text())
        self.port, self.connection_string = found["port"], found["connection_string"]

    def freeze(self) -> None:
        """It keeps its sockets and says nothing more."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on after `freeze`."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """No chance to tidy up."""
        assert self._process
        self._process.kill()
        self._process.wait(PATIENCE)

    def restart(self) -> None:
        """Kill it if it runs and start it on the same port and folder."""
        self.kill()
        self.start()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self._process
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def faults(self, **switches: object) -> None:
        """Set these switches (`eventhub_local.faults`), all others off; none: all is well."""
        draft = self._faults.with_suffix(".draft")
        draft.write_text(json.dumps(switches))
        draft.replace(self._faults)
        time.sleep(CHECK_EVERY * 1.2)  # any later look at the switches reads the file again

    def read(self, hub: str) -> list[StoredMessage]:
        """Everything in a hub, in order within each partition, without a consumer."""
        folders = sorted(
            (path for path in (self._folder / "hub" / hub).iterdir() if path.name.isdecimal()),
            key=lambda path: int(path.name),
        )
        return [message for folder in folders for message in _partition(folder)]


@contextmanager
def local_event_hub(
    folder: Path,
    hubs: Mapping[str, int],
    *,
    durable: bool = False,
    tls: TlsFiles | None = None,
    retention_hours: float = 24,
) -> Iterator[RunningHub]:
    """`hes eventhub` with these hubs and partition counts; it does not outlive the block."""
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [f"--hub={name}:{partitions}" for name, partitions in hubs.items()]
    arguments += [f"--retention-hours={retention_hours}"]
    arguments += [] if durable else ["--volatile"]
    arguments += [f"--tls-certificate={tls.certificate}", f"--tls-key={tls.key}"] if tls else []
    running = RunningHub(folder, arguments)
    try:
        running.start()
        yield running
    finally:
        running.kill()


def _partition(folder: Path) -> Iterator[StoredMessage]:
    for segment in segments_of(folder):
        for entry in segment.entries():
            for place, stored in entry.messages():
                yield _message(int(folder.name), place.sequence, stored)


def _message(partition: int, sequence: int, stored: bytes) -> StoredMessage:
    bare = messages.bare_message(stored)
    bodies, found = [], {}
    for section in messages.sections(bare):
        value, _ = decode(bare, section.value)
        found[section.code] = value
        bodies += [value] if section.code == messages.DATA else []
    listed = [*found.get(messages.PROPERTIES, []), *[None] * 7]
    return StoredMessage(
        partition,
        sequence,
        b"".join(bodies),
        {
            messages.text(key): messages.text(value) if isinstance(value, bytes) else value
            for key, value in found.get(messages.APPLICATION_PROPERTIES, {}).items()
        },
        messages.text(listed[6]) or None,
        messages.text(listed[0]) or None,
        messages.partition_key(stored),
    )
