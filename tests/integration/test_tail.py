"""`hes tail`: what a subscriber sees, for people and for pipes."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from integration.export.sinks.event_hub import reading
from integration.management.commands.tail import _start
from tests.factories.eventhub import local_event_hub
from tests.integration.eventhub_local.sdk import producing

# The SDK leaves what was cut to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:.*StreamWriter:ResourceWarning")
LINES = [f"S{number};POD;1\n" for number in range(40)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with local_event_hub(tmp_path_factory.mktemp("hub"), {"hes-s": 2}) as running:
        asyncio.run(_fill(running))
        yield running


async def _fill(running):
    from azure.eventhub import EventData

    async with producing(running, "hes-s") as producer:
        batch = await producer.create_batch(partition_id="1")
        for number, line in enumerate(LINES):
            event = EventData(line)
            event.properties = {"kind": "S", "lines": 1, "dedup_id": f"b:{number}+1"}
            batch.add(event)
        await producer.send_batch(batch)


def _tail(hub, *arguments, then=""):
    command = [sys.executable, "-m", "hes.cli", "tail", "hes-s", *arguments]
    environment = os.environ | {"HES_EVENTHUB_CONNECTION_STRING": hub.connection_string}
    return subprocess.run(
        ["bash", "-c", f'"$@" {then}', "tail", *command],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_all_there_is_comes_in_order_and_the_command_ends(hub):
    run = _tail(hub, "--all")
    assert (run.stdout.splitlines(), run.returncode) == ([line.strip() for line in LINES], 0)


def test_as_json_it_tells_the_properties(hub):
    first = json.loads(_tail(hub, "--all", "--json").stdout.splitlines()[0])
    assert (first["kind"], first["dedup_id"], first["body"]) == ("S", "b:0+1", LINES[0])


def test_a_pipe_that_has_seen_enough_is_no_error(hub):
    run = _tail(hub, "--all", then="| head -1")
    assert run.stdout == LINES[0]
    assert "Traceback" not in run.stderr


def test_without_a_stream_it_says_how_to_get_one(settings):
    settings.EVENT_HUB_CONNECTION_STRING = settings.EVENT_HUB_NAMESPACE = ""
    with pytest.raises(CommandError, match="hes demo"):
        call_command("tail", "hes-s")


def test_where_to_begin_is_a_word_or_a_time():
    assert (_start("earliest"), _start("latest")) == (reading.EARLIEST, reading.LATEST)
    assert _start("2026-06-10T08:00") == datetime(2026, 6, 10, 8, tzinfo=UTC)
