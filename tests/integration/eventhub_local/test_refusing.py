"""Who has no right, no aim or too much to say is told so, in the SDK's own exceptions."""

import asyncio
import time

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.utils import generate_sas_token
from azure.eventhub.exceptions import AuthenticationError, ConnectError, EventDataSendError

from integration.eventhub_local.sas import KEY_NAME
from tests.integration.eventhub_local.sdk import producing, send


def signed(hub, path: str, seconds: float) -> str:
    """A connection string with a ready-made signature in place of the key."""
    place, _, key, flag = hub.connection_string.split(";")
    uri = place.removeprefix("Endpoint=") + "/" + path
    token = generate_sas_token(
        uri, KEY_NAME, key.removeprefix("SharedAccessKey="), int(time.time() + seconds)
    )
    return f"{place};SharedAccessSignature={token};{flag}"


async def refused(hub, name: str, expected: type[Exception], match: str, **options) -> None:
    async with producing(hub, name, **options) as client:
        with pytest.raises(expected, match=match):
            await send(client, b"x")


async def test_a_token_that_does_not_open_the_hub_is_refused(hub, name):
    wrong_key = hub.connection_string.replace("SharedAccessKey=", "SharedAccessKey=x")
    await asyncio.gather(
        refused(hub, name, AuthenticationError, "401", connection_string=wrong_key),
        refused(
            hub, name, AuthenticationError, "expired", connection_string=signed(hub, name, -5)
        ),
        refused(
            hub, name, AuthenticationError, "401",
            connection_string=signed(hub, "another", 60),
        ),
    )  # fmt: skip
    async with producing(hub, name, connection_string=signed(hub, "", 60)) as client:
        await send(client, b"the whole namespace is open")
    assert len(hub.read(name)) == 1


async def test_a_hub_that_is_not_there_is_not_found(hub):
    await refused(hub, "hes-unknown", ConnectError, "404")  # the SDK asks $management first


async def test_a_token_stops_opening_the_hub_when_it_expires(hub, name):
    async with producing(hub, name, connection_string=signed(hub, name, 2)) as client:
        await send(client, b"in time")
        await asyncio.sleep(2)
        with pytest.raises(Exception, match=r"(?i)token|authoriz"):
            await send(client, b"late")
    assert [message.body for message in hub.read(name)] == [b"in time"]


async def test_a_message_over_one_mebibyte_is_refused_and_the_next_is_taken(hub, name):
    async with producing(hub, name) as client:
        with pytest.raises(EventDataSendError, match="at most 1048576 bytes"):
            await client.send_event(EventData(b"x" * (1 << 20)))
        await send(client, b"next")
    assert [message.body for message in hub.read(name)] == [b"next"]
