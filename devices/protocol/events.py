"""What a client connection learns from received bytes."""

from dataclasses import dataclass
from typing import TypeAlias

from devices.protocol.axdr import Data as Value
from devices.protocol.errors import (
    ActionStatus,
    AssociationResult,
    DataAccess,
    ServiceError,
    StateError,
)


@dataclass(frozen=True, slots=True)
class ToSend:
    """The exchange goes on by itself: write these bytes, then keep receiving."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Associated:
    """The association is open; with mutual authentication the device has proved itself too."""

    server_title: bytes | None
    conformance: int
    max_pdu: int


@dataclass(frozen=True, slots=True)
class AssociationRejected:
    """The device refused; diagnostics by IEC 62056-5-3 (13 authentication failure ...)."""

    result: AssociationResult
    diagnostic: int


@dataclass(frozen=True, slots=True)
class NotAuthentic:
    """The device did not prove to be the known one; `reason` holds no secret."""

    reason: str


@dataclass(frozen=True, slots=True)
class Data:
    """Answer of a GET, whole and decoded."""

    value: Value


@dataclass(frozen=True, slots=True)
class DataError:
    """A GET was refused."""

    result: DataAccess


@dataclass(frozen=True, slots=True)
class DataBlock:
    """The next bytes of a streamed GET's encoded value; unless `last`, ask for the next block."""

    raw: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class DataList:
    """Answer of a GET with-list, one value or refusal per attribute in order."""

    results: tuple[Value | DataAccess, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Answer of a SET."""

    result: DataAccess


@dataclass(frozen=True, slots=True)
class ActionResult:
    """Answer of an ACTION and what the method returned."""

    status: ActionStatus
    value: Value = None


@dataclass(frozen=True, slots=True)
class Released:
    """The association is closed by agreement."""


@dataclass(frozen=True, slots=True)
class ServerException:
    """Exception-response (D8) by the addressed device."""

    state: StateError
    service: ServiceError
    counter: int | None


@dataclass(frozen=True, slots=True)
class ServiceErrorReply:
    """Confirmed-service-error (0E), as sent."""

    service: int
    kind: int
    error: int


@dataclass(frozen=True, slots=True)
class NodeSilent:
    """The concentrator itself answered a request meant for a node behind it (*assumed* meaning of
    an exception-response without prefix)."""

    exception: ServerException


Event: TypeAlias = (
    ToSend
    | Associated
    | AssociationRejected
    | NotAuthentic
    | Data
    | DataError
    | DataBlock
    | DataList
    | Result
    | ActionResult
    | Released
    | ServerException
    | ServiceErrorReply
    | NodeSilent
)
