"""The seam between the engine and every field protocol: duties, windows, batches and errors.

A driver knows duties, not the database: it takes plain values, yields frozen records in bounded
batches, and raises only the errors below (design D7, D8; companion profile 6).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol
from zoneinfo import ZoneInfo

from hes.domain.records import Record

if TYPE_CHECKING:  # duties are made of the readings below
    from devices.drivers.duties import Answer, Duty

METERS_PER_BATCH = 100
LINES_PER_BATCH = 5_000
CYCLES_PER_GET = 8
_UTC = ZoneInfo("UTC")


class Table(StrEnum):
    """The bulk tables of a concentrator, by duty."""

    CLOSURES = "closures"
    LOAD_PROFILE = "load_profile"
    MEASURANDS = "measurands"
    CURRENT_DATA = "current_data"
    VOLTAGE_VARIATION = "voltage_variation"
    INTERRUPTION_COUNTERS = "interruption_counters"
    STATUS_AND_EVENTS = "status_and_events"
    NODES = "nodes"
    REPEATERS = "repeaters"


@dataclass(frozen=True, slots=True)
class Cycles:
    """Rows stamped with the cycles first..last, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Period:
    """Rows whose clock lies in [first, last], UTC epoch seconds, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole buffer: snapshots."""


Window = Cycles | Period | Whole


@dataclass(frozen=True, slots=True)
class TableState:
    """How far a concentrator has come with one table. `finished` is the last finished cycle."""

    table: Table
    finished: int
    oldest: int
    rows: int
    running: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered: read first in every visit, before anything is taken or sent."""

    serial_number: str
    software_number: int
    tables: dict[Table, TableState]


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The device clock beside ours: both UTC epoch seconds, ours corrected by half the exchange."""

    device: float
    ours: float
    deviation: int | None
    status: int

    @property
    def drift(self) -> float:
        """Seconds the device is ahead of us."""
        return self.device - self.ours


@dataclass(frozen=True, slots=True)
class DstPeriod:
    """Begin and end of one summer time, UTC epoch seconds."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """At most 100 meters or 5,000 lines of one table; `seen` are all MACs with a row in it."""

    records: tuple[Record, ...]
    seen: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a device listens, and its zone: for stamps without deviation and for its local days."""

    host: str
    port: int
    zone: ZoneInfo = _UTC


@dataclass(slots=True)
class Credentials:
    """What opens a management association. Keys never appear in repr, logs or errors.

    `counters` yields the next invocation counter per GCM operation (reserved in the database before
    use); `server_title` is the stored title of the device, None before the first association;
    `server_counter` the highest counter the device has used under this key, -1 if none.
    `recover` is called once when the device has accepted higher counters than ours: it commits the
    given value as the next free one before it returns, and `counters` goes on from there. Without
    it a counter that fell behind stays Locked (companion profile 2 (e)).
    With a `password` the commissioning association is opened instead: nothing is ciphered.
    """

    client_title: bytes
    server_title: bytes | None
    encryption_key: bytes = field(repr=False)
    authentication_key: bytes = field(repr=False)
    counters: Callable[[], int] = field(repr=False)
    server_counter: int = -1
    recover: Callable[[int], Awaitable[None]] | None = field(default=None, repr=False)
    password: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines in seconds and byte cap of one visit (companion profile 1, assumed)."""

    connect: float = 5.0
    exchange: float = 10.0
    visit: float = 900.0
    received_bytes: int = 64 * 1024 * 1024


class Contact(Enum):
    """What an outcome says about the concentrator's reachability (column nrn K, profile 6)."""

    MADE = "made"  # missed contacts become 0
    MISSED = "missed"  # one more
    UNKNOWN = "unknown"  # untouched


class FieldError(Exception):
    """Base of the closed error set. `text` goes to operators and result lines."""

    family: ClassVar[str] = "field"
    contact: ClassVar[Contact] = Contact.MADE

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Unreachable(FieldError):
    """Never connected: nothing was sent. Concentrator nrn + 1; retried with back-off."""

    family = "unreachable"
    contact = Contact.MISSED


class Busy(Unreachable):
    """AARE transient-rejected: the device is there and serves somebody else. nrn 0."""

    family = "busy"
    contact = Contact.MADE


class NodeSilent(FieldError):
    """The concentrator could not reach the meter: meter nrn + 1.

    `delivered` False: the request surely never reached it; True: it did, or nobody knows.
    """

    family = "node_silent"

    def __init__(self, code: int, text: str, *, delivered: bool = True) -> None:
        super().__init__(text)
        self.code = code
        self.delivered = delivered


class Refused(FieldError):
    """The device said no. Not retried.

    `executed` False: a clean no; None: the answer leaves open whether a change took place
    (results 1 and 250, companion profile 6).
    """

    family = "refused"

    def __init__(self, text: str, *, executed: bool | None = False) -> None:
        super().__init__(text)
        self.executed = executed


class Garbled(FieldError):
    """Bytes that break the protocol: one retry with a new session, then a failure."""

    family = "garbled"


class Locked(FieldError):
    """Association, key or counter refused: no automatic retry, alarm."""

    family = "locked"


class KeysRefused(Locked):
    """These keys open nothing; the device may hold others that are known of it."""


class Timeout(FieldError):
    """A deadline or the byte cap passed after the association was open."""

    family = "timeout"
    contact = Contact.UNKNOWN


class Cancelled(FieldError):
    """Our own stop or pre-emption."""

    family = "cancelled"
    contact = Contact.UNKNOWN


class MeterLine(Protocol):
    """An open, identified association with one meter. Every call may raise a FieldError."""

    async def perform(self, duty: "Duty", order: int | None = None) -> "Answer":
        """Carry out a duty of a meter; Refused where the driver knows none of its kind.

        A change is sent once and never repeated: after Timeout or Garbled its answer is lost.
        `order` is the id of the order behind a change; only test fields are told it.
        """

    @property
    def server_title(self) -> bytes | None: ...

    @property
    def server_counter(self) -> int: ...


class Session(Protocol):
    """One open conversation with one concentrator. Every call may raise a FieldError."""

    async def identify(self) -> Identity: ...

    def collect(self, table: Table, window: Window) -> AsyncIterator[Batch]: ...

    async def read_clock(self) -> ClockReading: ...

    async def set_clock(self, offset: int) -> None:
        """Set the device to our time, `offset` minutes east of UTC."""

    async def read_dst(self) -> tuple[DstPeriod, ...]: ...

    async def set_dst(self, periods: tuple[DstPeriod, ...]) -> None: ...

    async def status_word(self) -> bytes: ...

    async def perform(self, duty: "Duty", order: int | None = None) -> "Answer":
        """Carry out a duty of the concentrator itself, as a MeterLine does those of a meter."""

    def meter(self, mac: bytes, credentials: Credentials) -> AbstractAsyncContextManager[MeterLine]:
        """The meter `mac` behind this concentrator, associated; Refused when another answers."""

    async def close(self) -> None:
        """Release and close; never raises."""

    @property
    def received_bytes(self) -> int: ...

    @property
    def exchanges(self) -> int: ...

    @property
    def server_title(self) -> bytes | None: ...

    @property
    def server_counter(self) -> int: ...


class Driver(Protocol):
    """One way to talk to a kind of concentrator; `tables` are the duties it can do."""

    tables: frozenset[Table]

    def open(
        self, endpoint: Endpoint, credentials: Credentials, limits: Limits
    ) -> Awaitable[Session]:
        """Connect and associate, or raise Unreachable, Busy, Locked, Refused, Garbled, Timeout."""
