"""A local Event Hub that stores durably, exporters beside it, and what a subscriber finds."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from tempfile import mkdtemp

from azure.eventhub import EventData

from benchmarks.processes import HES, process, wait_until
from integration.export.sinks.event_hub import reading
from integration.export.sinks.event_hub.access import Access
from integration.models import SinkCursor

PARTITIONS = 4


@contextmanager
def local_hub(home: Path, name: str, round_trip_ms: float = 0) -> Iterator[Access]:
    """How to reach a hub of its own process that acknowledges what is on the disk."""
    folder = Path(mkdtemp(prefix="eventhub-", dir=home))
    ready, faults = folder / "ready.json", folder / "faults.json"
    faults.write_text(json.dumps({"round_trip_ms": round_trip_ms}), encoding="utf-8")
    argv = (
        *(*HES, "eventhub", "--port", "0", "--hub", f"{name}:{PARTITIONS}"),
        *("--folder", str(folder), "--ready-file", str(ready), "--faults", str(faults)),
    )
    with process(argv, home, "eventhub") as running:
        wait_until(ready.exists, "the local Event Hub listens", running)
        yield Access(json.loads(ready.read_text(encoding="utf-8"))["connection_string"])


@contextmanager
def exporter(home: Path, access: Access, sink: str, cursor: str) -> Iterator[Popen[bytes]]:
    """`hes export run --sink ...`, once it owns a cursor."""
    argv = (*HES, "export", "run", "--sink", sink, "--folder", str(home / "export"))
    address = {"HES_EVENTHUB_CONNECTION_STRING": access.connection_string}
    before = _epoch(cursor)
    with process(argv, home, f"exporter-{sink}", **address) as running:
        wait_until(lambda: _epoch(cursor) > before, f"{sink} is served", running)
        yield running


def _epoch(cursor: str) -> int:
    return sum(SinkCursor.objects.filter(sink=cursor).values_list("owner_epoch", flat=True))


def sent(cursor: str) -> int:
    """Lines that a sink has acknowledged to us, repeats too."""
    return sum(SinkCursor.objects.filter(sink=cursor).values_list("lines", flat=True))


def found(access: Access, name: str) -> Counter[str]:
    """Lines by message id of all that a hub holds, read by the official client."""
    lines = Counter[str]()

    def take(event: EventData) -> None:
        lines[event.message_id or ""] += event.body_as_str().count("\n")

    asyncio.run(reading.read_all(access.consumer(name), take))
    return lines
