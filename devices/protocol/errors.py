"""What may go wrong on the wire, and the result numbers a device may answer."""

from enum import IntEnum
from typing import TypeVar


class ProtocolError(Exception):
    """Base of everything this package raises; never holds key material."""


class GarbledError(ProtocolError):
    """The peer's bytes break the protocol; the only error decoding may let escape."""


class TruncatedError(GarbledError):
    """The bytes end in the middle of a value; more of them may cure it."""


class CipherError(GarbledError):
    """A ciphered APDU does not open under our keys: wrong key, title or bytes."""


class CounterError(GarbledError):
    """The peer used an invocation counter that is not higher than its last one."""


class IllegalMoveError(ProtocolError):
    """Our own caller asked for something the session's state or limits do not allow."""


class TableMismatchError(ProtocolError):
    """A device's capture objects lack columns we need."""


class DataAccess(IntEnum):
    """Data-Access-Result (IEC 62056-5-3, COSEM APDU module)."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15
    NO_LONG_GET_IN_PROGRESS = 16
    LONG_SET_ABORTED = 17
    NO_LONG_SET_IN_PROGRESS = 18
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


class ActionStatus(IntEnum):
    """Action-Result (IEC 62056-5-3, COSEM APDU module)."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_ACTION_ABORTED = 15
    NO_LONG_ACTION_IN_PROGRESS = 16
    OTHER_REASON = 250


class AssociationResult(IntEnum):
    """Result of an AARE (IEC 62056-5-3, ACSE)."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class StateError(IntEnum):
    """First byte of an exception-response."""

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ServiceError(IntEnum):
    """Second byte of an exception-response."""

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING_ERROR = 5
    INVOCATION_COUNTER_ERROR = 6


_Code = TypeVar("_Code", bound=IntEnum)


def known(kind: type[_Code], number: int, where: str) -> _Code:
    """`number` as a member of `kind`; GarbledError names `where` when the standard has none."""
    try:
        return kind(number)
    except ValueError:
        raise GarbledError(f"{where}: {number} is no {kind.__name__}") from None
