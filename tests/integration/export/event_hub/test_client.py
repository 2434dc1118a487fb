"""The official client, held so that it can neither hang nor leak."""

import asyncio
import gc
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from integration.export.messages.packing import Message
from integration.export.sinks.event_hub.client import Hub, within
from integration.export.sinks.event_hub.connections import NotingLoop
from integration.export.sinks.event_hub.errors import Unavailable
from integration.export.sinks.event_hub.service import HubService
from tests.integration.export.event_hub.conftest import FORGETFUL
from tests.integration.export.event_hub.serving import cursor_of, wait_for


async def test_what_resists_being_cancelled_is_left_behind_in_time():
    async def stubborn():
        for _ in range(10):
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                continue

    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        await within(0.05, stubborn())
    assert time.monotonic() - begun < 0.5


async def test_a_result_and_an_error_come_through():
    async def fail():
        raise ValueError("so it is")

    assert await within(1, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError, match="so it is"):
        await within(1, fail())


@FORGETFUL
def test_a_hub_that_accepts_and_says_nothing_leaves_no_connection_behind(hub, access, impatient):
    hasty = replace(impatient, open=0.4, send=0.4)
    with asyncio.Runner(loop_factory=NotingLoop) as loop:
        begun = _sockets()
        loop.run(_meet_a_frozen_one(hub, access, hasty))
        gc.collect()
        assert _sockets() == begun


async def _meet_a_frozen_one(hub, access, patience):
    client = Hub("hes-s", access, replace(patience, open=5.0, send=2.0))
    assert await client.open() == 4
    message = Message("k", "u:0+1", 1, b"1\n", "text/csv", {"lines": 1})
    assert await client.send(2, [message] * 3) == 3
    hub.freeze()
    with pytest.raises(Unavailable, match="no answer within 2 s"):
        await client.send(2, [message])
    await client.close()
    client = Hub("hes-s", access, patience)
    for _ in range(4):
        with pytest.raises(Unavailable, match=r"no answer within 0\.4 s"):
            await client.open()
    await client.close()


def _sockets():
    """How many sockets this process has open."""
    names = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder's own
            names.append(str(link.readlink()))
    return sum(name.startswith("socket:") for name in names)


def test_the_sign_of_life_moves_while_it_serves_and_rests_afterwards(
    company, today, access, impatient
):
    stop = threading.Event()
    service = HubService(stop, access, impatient)
    assert service.sign() is None
    thread = threading.Thread(target=service.run)
    thread.start()
    wait_for(lambda: cursor_of("S") is not None)
    before = service.sign()
    wait_for(lambda: service.sign() > before)
    stop.set()
    thread.join(15)
    assert service.sign() is None
