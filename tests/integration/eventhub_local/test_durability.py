"""kill -9 at any moment: what was acknowledged is there, whole and in order."""

import asyncio
import contextlib

from azure.eventhub.exceptions import EventHubError

from tests.factories.eventhub import local_event_hub
from tests.integration.eventhub_local.sdk import LEAVES_SOCKETS, consuming, producing, send

SIZE = 20_000

pytestmark = LEAVES_SOCKETS


async def send_until_killed(hub, acknowledged: list[int]) -> None:
    with contextlib.suppress(EventHubError, OSError):
        async with producing(hub, "hes-s") as client:
            for number in range(10_000):
                await send(client, *[b"%06d" % number * SIZE] * 2, partition_id="0")
                acknowledged.append(number)


async def killed_in_the_middle(hub, after: int) -> list[int]:
    acknowledged: list[int] = []
    sending = asyncio.create_task(send_until_killed(hub, acknowledged))
    async with asyncio.timeout(20):
        while len(acknowledged) < after:
            await asyncio.sleep(0.005)
        await asyncio.to_thread(hub.kill)
        await asyncio.wait({sending})
    return acknowledged


async def test_a_killed_hub_has_everything_it_acknowledged(tmp_path):
    with local_event_hub(tmp_path, {"hes-s": 1}, durable=True) as hub:
        acknowledged = await killed_in_the_middle(hub, after=30)
        with next((tmp_path / "hub" / "hes-s" / "0").glob("*.log")).open("ab") as log:
            log.write(b"\x00\x00\xff\xfftorn")
        hub.restart()
        stored = [int(message.body[:6]) for message in hub.read("hes-s")]
        assert stored[0::2] == stored[1::2] == list(range(len(stored) // 2))
        assert len(acknowledged) <= len(stored) // 2 <= len(acknowledged) + 2
        async with consuming(hub, "hes-s") as received:
            assert len(await received.count(len(stored))) == len(stored)
            sequence = [event.sequence_number for _, event in received.events]
        assert sequence == list(range(len(stored)))
