"""Those who live from the stream: unmodified clients of the official SDK, with their positions in
memory or in Blob storage, read everything the relay has sent.
"""

import asyncio
import gc
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.eventhub import EventHubConsumerClient
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from django.db import connection

from devices.models import Company
from devices.parameters import change
from devices.partitions import ensure
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.drain import drain_hubs
from integration.export.sinks.event_hub.patience import Patience
from integration.models import SinkCursor
from tests.factories.azurite import azurite
from tests.factories.eventhub import local_event_hub
from tests.factories.processes import wait_until
from tests.integration.eventhub_local.sdk import GROUP, consuming
from tests.integration.export.event_hub.serving import events
from tests.integration.export.writers import lines, store

HUBS = {"hes-s": 4, "hes-hpe": 4}
SINGLE = 200  # events, one per message
PACKED = 5_000  # lines
QUICK = {"load_balancing_interval": 0.5, "partition_ownership_expiration_interval": 3}
POSITIONS = "checkpoints"
BRIEF = Patience(close=0.05, poll=0.05, look=0.2)
GUIDE = Path(__file__).parents[2] / "docs/consumers.md"
# The SDK leaves lost connections to the garbage collector: here, where they are forgiven. Python
# before 3.11.5 has no word for the writer and tells of its transport and socket instead.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*StreamWriter:ResourceWarning", "ignore:unclosed <socket:ResourceWarning",
    "ignore:unclosed transport:ResourceWarning",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _leftovers():
    yield
    gc.collect()


@pytest.fixture
def company(transactional_db):
    today = datetime.now(UTC).date()
    ensure("export_block", today, today)
    return Company.objects.create(name="Demo", code="demo")


@pytest.fixture
def hub(tmp_path, company):
    with local_event_hub(tmp_path / "eventhub", HUBS) as running:
        yield running


@pytest.fixture
def send(hub, company):
    """Stores blocks and lets the relay send them; may be called from any thread."""

    def send(*texts, kind):
        store(company, datetime.now(UTC).date(), *texts, kind=kind)
        try:
            drain_hubs(20, Access(hub.connection_string), BRIEF)
        finally:
            connection.close()

    return send


@pytest.fixture
def positions(tmp_path):
    """The connection string of a Blob service with a container for checkpoints."""
    with azurite(tmp_path / "azurite") as running:
        running.client(POSITIONS).create_container()
        yield running.connection_string


def ids_sent(hub, name):
    """Of the messages as they lie on the hub's disk."""
    return Counter(message.message_id for message in hub.read(name))


def ids_of(received):
    """Of the messages of one consumer or of several, as a consumer sees them."""
    return Counter(event.properties[b"dedup_id"].decode() for _, event in received)


@asynccontextmanager
async def consumer(hub, name, positions, **options):
    """One of a group that keeps its positions in Blob storage."""
    shared = BlobCheckpointStore.from_connection_string(positions, POSITIONS)
    async with shared, consuming(hub, name, store=shared, client=QUICK, **options) as received:
        yield received


@pytest.mark.parametrize("kind", ["S", "HPE"])
def test_the_synchronous_client_reads_everything(hub, send, kind):
    send(*_texts(kind), kind=kind)
    name, received = f"hes-{kind.lower()}", []
    client = EventHubConsumerClient.from_connection_string(
        hub.connection_string, GROUP, eventhub_name=name
    )
    reading = threading.Thread(
        target=client.receive,
        kwargs={
            "on_event": lambda partition, event: received.append((partition, event)),
            "starting_position": "-1",
        },
    )
    reading.start()
    try:
        wait_until(lambda: len(received) >= ids_sent(hub, name).total())
    finally:
        client.close()
        reading.join(20)
    assert ids_of(received) == ids_sent(hub, name)
    assert _bodies(received) == Counter("".join(_texts(kind)).splitlines())


@pytest.mark.parametrize("kind", ["S", "HPE"])
async def test_the_asynchronous_client_reads_everything(hub, send, kind):
    await asyncio.to_thread(send, *_texts(kind), kind=kind)
    name = f"hes-{kind.lower()}"
    async with consuming(hub, name) as received:
        await received.count(ids_sent(hub, name).total())
    assert ids_of(received.events) == ids_sent(hub, name)
    assert _bodies(received.events) == Counter("".join(_texts(kind)).splitlines())


async def test_consumers_share_the_partitions_and_a_restart_reads_nothing_again(
    hub, send, positions
):
    await asyncio.to_thread(send, events(0, SINGLE), kind="HPE")
    async with consumer(hub, "hes-hpe", positions, checkpoints=True) as first:
        await first.count(SINGLE)
        async with consumer(hub, "hes-hpe", positions, checkpoints=True) as second:
            await first.until(lambda: len(first.closed) == 2)  # it has left two of its four
            await asyncio.to_thread(send, events(SINGLE, SINGLE), kind="HPE")
            both = lambda: len(first.events) + len(second.events) >= 2 * SINGLE  # noqa: E731
            await first.until(both)
            assert second.events
    assert {reason for _, reason in first.closed[:2]} == {"OWNERSHIP_LOST"}
    assert ids_of(first.events + second.events) == ids_sent(hub, "hes-hpe"), "none twice"
    async with consumer(hub, "hes-hpe", positions, checkpoints=True) as restarted:
        await asyncio.to_thread(send, events(2 * SINGLE, 5), kind="HPE")
        await restarted.count(5)
        await asyncio.sleep(0.5)
    assert len(restarted.events) == 5


async def test_a_crash_before_the_checkpoint_repeats_and_the_id_tells(hub, send, positions):
    await asyncio.to_thread(send, events(0, SINGLE), kind="HPE")
    async with consumer(hub, "hes-hpe", positions, checkpoints=True) as before:
        await before.count(SINGLE)
    await asyncio.to_thread(send, events(SINGLE, SINGLE), kind="HPE")
    async with consumer(hub, "hes-hpe", positions) as crashed:
        await crashed.count(SINGLE)
    async with consumer(hub, "hes-hpe", positions, checkpoints=True) as restarted:
        await restarted.count(SINGLE)
    assert ids_of(crashed.events) == ids_of(restarted.events), "all since the checkpoint came again"
    kept = {}
    for _, event in before.events + crashed.events + restarted.events:
        kept.setdefault(event.properties[b"dedup_id"], event.body_as_str())
    assert Counter("".join(kept.values()).splitlines()) == Counter(
        events(0, 2 * SINGLE).splitlines()
    )


def test_the_subscriber_of_the_guide_takes_each_line_once_however_it_is_cut(
    hub, send, positions, company
):
    """Everything is sent a second time, in other messages, as a replay after a new setting."""
    send(*_texts("S"), kind="S")
    change(company, "hub_packing", "S=700:csv")
    SinkCursor.objects.filter(sink="hub/demo/S").update(xid=0, block_id=0)
    send(kind="S")
    wanted = "".join(_texts("S")).splitlines()
    sent = sum(message.properties["lines"] for message in hub.read("hes-s"))
    assert sent == 2 * len(wanted)
    assert Counter(_printed_by_the_guide(hub, positions, len(wanted))) == Counter(wanted)


def _printed_by_the_guide(hub, positions, count):
    """What its subscriber prints until there are so many lines, and shortly after."""
    code = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)[1]
    environment = os.environ | {"STREAM": hub.connection_string, "BLOB": positions}
    argv = [sys.executable, "-u", "-c", code]
    printed = []
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        deadline = threading.Timer(40.0, process.kill)
        deadline.start()
        for line in process.stdout:
            printed.append(line.rstrip("\n"))
            if len([*filter(None, printed)]) == count:
                deadline.cancel()
                deadline = threading.Timer(1.0, process.kill)
                deadline.start()
        deadline.cancel()
    return [line for line in printed if line]  # a message without news prints an empty one


def _texts(kind):
    """Two blocks."""
    if kind == "S":
        return lines(0, PACKED), lines(PACKED, 7)
    return events(0, SINGLE), events(SINGLE, 7)


def _bodies(received):
    text = "".join(event.body_as_str() for _, event in received)
    return Counter(text.splitlines())
