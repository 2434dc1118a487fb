"""What a simulated concentrator answered, recorded once and played again as often as wanted.

The client keeps its challenge and its keys, so the recorded frames are a valid ciphered session
each time: a race measures the client and no device.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from zoneinfo import ZoneInfo

from devices.drivers.base import Endpoint, Period
from devices.drivers.cosem.windows import selections
from devices.protocol import events
from devices.protocol.association import Mechanism
from devices.protocol.connection import ClientConnection, ClientSettings
from devices.protocol.security import Keys
from devices.protocol.selective import Selection
from devices.protocol.server import ServerStream
from devices.protocol.tables import LOAD_PROFILE
from devices.session.conversation import Conversation
from devices.simulator.device import Device, FieldOptions
from devices.simulator.entries import MeterEntry
from devices.simulator.population import Concentrator
from hes.domain.time import DAY, local_day

ZONE = ZoneInfo("America/Santiago")
TITLE, CHALLENGE = b"HES\0\1\0\0\1", b"never do this at home"
PERIOD_MINUTES = 15
EXCHANGE_SECONDS = 10.0

Answer = Callable[[bytes], bytes]
"""From what the client writes to what it reads."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a table comes: channels that are collected, row by row or as one compact-array.

    A compact-array knows no null, so it carries all six channels.
    """

    name: str
    channels: int
    is_compact: bool


ROW_WISE = Encoding("row-wise", 2, is_compact=False)
COMPACT = Encoding("compact-array", 6, is_compact=True)
ENCODINGS = (COMPACT, ROW_WISE)


@dataclass(frozen=True, slots=True)
class Recording:
    """The frames of one session that read one day's load profile of one concentrator."""

    concentrator: Concentrator
    window: Period
    frames: tuple[bytes, ...]

    @property
    def selection(self) -> Selection:
        """What the one GET of this session asks for."""
        (selection,) = selections(self.window, ZONE)
        assert selection is not None
        return selection

    @classmethod
    def of(cls, concentrator: Concentrator, day: date, encoding: Encoding) -> "Recording":
        """Ask a device in memory for a civil day."""
        begin, end = local_day(day, ZONE)
        recording = cls(concentrator, Period(begin + 1, end), ())
        answer, frames = _recorder(_device(concentrator, end + DAY, encoding))
        for _ in session(client(concentrator), answer, recording.selection):
            pass
        return replace(recording, frames=tuple(frames))

    def play(self) -> Answer:
        """The device's side, from memory."""
        frames = iter(self.frames)
        return lambda _: next(frames)

    def conversation(self) -> Conversation:
        """The same as a driver sees it: an association to open."""
        return Conversation(
            _Played(self.play()), lambda _: client(self.concentrator), EXCHANGE_SECONDS
        )  # type: ignore[arg-type]


@dataclass(slots=True)
class PlayedLine:
    """A driver's line to a recording: only what a collection asks of it."""

    conversation: Conversation
    endpoint: Endpoint = Endpoint("recorded", 0, ZONE)  # noqa: RUF009 - frozen


class _Played:
    """A transport without socket."""

    is_open = True
    greeted = False

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._written = b""

    async def send(self, data: bytes, _seconds: float) -> None:
        self._written = data

    async def receive(self) -> bytes:
        return self._answer(self._written)

    def close(self) -> None:
        """There is nothing to close."""


def session(connection: ClientConnection, answer: Answer, wanted: Selection) -> Iterator[bytes]:
    """Associate (HLS5-GMAC), read the load profile block by block, release."""
    _ask(connection, answer, connection.associate())
    request = connection.get(LOAD_PROFILE.buffer, wanted, stream=True)
    while True:
        event = _ask(connection, answer, request)
        assert isinstance(event, events.DataBlock), event
        yield event.raw
        if event.last:
            break
        request = connection.next_block()
    _ask(connection, answer, connection.release())


def client(concentrator: Concentrator) -> ClientConnection:
    """The head-end's side, with a challenge that never changes."""
    settings = ClientSettings(
        client=1,
        mechanism=Mechanism.HLS5_GMAC,
        keys=Keys(*concentrator.keys),
        title=TITLE,
        challenge=CHALLENGE,
    )
    return ClientConnection(settings, count(1).__next__)


def _ask(connection: ClientConnection, answer: Answer, request: bytes) -> events.Event:
    while True:
        (event,) = connection.receive(answer(request))
        if not isinstance(event, events.ToSend):
            return event
        request = event.data


def _device(concentrator: Concentrator, now: int, encoding: Encoding) -> Device:
    options = FieldOptions(
        now=lambda: now, retention_days=3, compact=encoding.is_compact, answer_share=1.0
    )
    device = Device(concentrator, ZONE, options)
    entry = MeterEntry((), tuple(range(encoding.channels)), PERIOD_MINUTES, ())
    device.entries = {meter.serial: entry for meter in concentrator.meters}
    return device


def _recorder(device: Device) -> tuple[Answer, list[bytes]]:
    stream, served, frames = ServerStream(), device.session(), list[bytes]()

    def answer(data: bytes) -> bytes:
        (request,) = stream.receive(data)
        frames.append(request.framed(served.answer(request.client, request.apdu)))
        return frames[-1]

    return answer, frames
