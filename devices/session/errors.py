"""What was seen on the wire -> error and text: the table of companion profile 6, in its order.

Numbers from 100 on are our own range (*assumed*): 100 + COSEM result, 140 + service error,
150 + association diagnostic, from 190 on local. 197 and 198 are additions of this module: a
connection lost after the association was good, and a table without the columns we need. No text
holds a counter, a key or a secret.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from devices.drivers.base import (
    Busy,
    Cancelled,
    Contact,
    FieldError,
    Garbled,
    KeysRefused,
    Locked,
    NodeSilent,
    Refused,
    Timeout,
    Unreachable,
)
from devices.protocol.errors import (
    ActionStatus,
    AssociationResult,
    DataAccess,
    GarbledError,
    ServiceError,
)
from devices.protocol.errors import StateError as State
from devices.protocol.events import (
    ActionResult,
    AssociationRejected,
    DataError,
    Event,
    NotAuthentic,
    Result,
    ServerException,
    ServiceErrorReply,
)
from devices.protocol.events import NodeSilent as Unprefixed

FIRST_NODE_CODE = 21
_NODE_REASONS = {
    FIRST_NODE_CODE: "NODE NOT REACHABLE AGENT",
    40: "REPEATER 1 FAILURE",
    41: "REPEATER 2 FAILURE",
    42: "REPEATER 3 FAILURE",
}
_AUTHENTICATION_DIAGNOSTICS = (13, 14)
_RESULT_NUMBER = {DataAccess.OTHER_REASON: 99}
_OPEN_RESULTS = (DataAccess.HARDWARE_FAULT, DataAccess.OTHER_REASON)
_RESULT_REASONS = {
    DataAccess.HARDWARE_FAULT: "HARDWARE FAULT",
    DataAccess.TEMPORARY_FAILURE: "TEMPORARY FAILURE",
    DataAccess.READ_WRITE_DENIED: "READ WRITE DENIED",
    DataAccess.OBJECT_UNDEFINED: "OBJECT UNDEFINED",
    DataAccess.OBJECT_CLASS_INCONSISTENT: "OBJECT CLASS INCONSISTENT",
    DataAccess.OBJECT_UNAVAILABLE: "OBJECT UNAVAILABLE",
    DataAccess.TYPE_UNMATCHED: "TYPE UNMATCHED",
    DataAccess.SCOPE_OF_ACCESS_VIOLATED: "SCOPE OF ACCESS VIOLATED",
    DataAccess.OTHER_REASON: "OTHER",
}
_SERVICE_REASONS = {
    ServiceError.DECIPHERING_ERROR: "KEY",
    ServiceError.INVOCATION_COUNTER_ERROR: "COUNTER",
    ServiceError.PDU_TOO_LONG: "PDU TOO LONG",
}


class GarbledGreeting(Garbled):
    """The first answer was no AARE at all: never connected, so nrn K + 1 (*assumed*)."""

    contact = Contact.MISSED


class NotAssociated(Refused):
    """The device no longer knows our association; opening it again once may cure it."""


class RequestTooLong(Refused):
    """The device cannot take or answer so much at once; a smaller request may pass."""


class CounterRefused(Locked):
    """The device refuses our invocation counter; recovered once (companion profile 2 (e))."""


class AuthenticationFailure(KeysRefused):
    """The device refuses who we say we are; a counter that fell behind is one cause."""


def open_failed() -> FieldError:
    """Refused, no route, connect time-out."""
    return Unreachable("Concentrator is unreachable [Open socket is failed]")


def no_socket(reason: str) -> FieldError:
    """This host has no socket left to give: no fault of the device, so nothing is counted."""
    return Cancelled(f"No connection tried [{reason}]")


def no_answer() -> FieldError:
    """TCP open, but no AARE in time, or closed."""
    return Unreachable("Concentrator is unreachable [No answer]")


def exchange_timeout() -> FieldError:
    """An exchange deadline passed after the AARE."""
    return Timeout(_text(191, "TIMEOUT"))


def visit_limit() -> FieldError:
    """The visit's deadline or byte cap passed."""
    return Timeout(_text(192, "VISIT LIMIT"))


def connection_lost() -> FieldError:
    """Reset or closed after the AARE: like a time-out, no answer will come (*assumed*)."""
    return Timeout(_text(197, "CONNECTION LOST"))


def garbled(*, greeted: bool = True) -> FieldError:
    """Bytes that break the protocol; `greeted` = a good AARE came before."""
    return (Garbled if greeted else GarbledGreeting)(_text(190, "GARBLED"))


@contextmanager
def interpreting() -> Iterator[None]:
    """Answers are taken apart inside: a GarbledError found there is Garbled outside."""
    try:
        yield
    except GarbledError as error:
        raise garbled() from error


def columns_missing() -> FieldError:
    """A table of the device lacks columns that its duty needs."""
    return Refused(_text(198, "TABLE COLUMNS MISSING"))


def unknown_duty(name: str) -> FieldError:
    """The driver has no way to do this duty; nothing was sent."""
    return Refused(_text(104, f"OBJECT UNDEFINED: no {name}"))


def unwritable(name: str) -> FieldError:
    """A value of the duty fits no type of the wire; it was not sent."""
    return Refused(_text(112, f"TYPE UNMATCHED: values of {name}"))


def bad_tariff(name: str) -> FieldError:
    """The tables of a tariff are not what can be written; nothing was sent."""
    return Refused(_text(112, f"TYPE UNMATCHED: tables of tariff {name}"))


def wrong_device(what: str) -> FieldError:
    """Another device answers than the one addressed; `what` is CONCENTRATOR or METER."""
    return Refused(_text(196, f"WRONG {what}"))


def node_silent(code: int, *, delivered: bool = True) -> NodeSilent:
    """The concentrator could not reach its meter; both arguments by its gateway result."""
    reason = _NODE_REASONS.get(code, "NODE SILENT")
    return NodeSilent(code, _text(code, reason), delivered=delivered)


def result(access: DataAccess | ActionStatus) -> FieldError:
    """A data-access or action result other than success."""
    if 14 <= access <= 19:
        return garbled()
    number = 100 + _RESULT_NUMBER.get(DataAccess(access), int(access))
    executed = None if access in _OPEN_RESULTS else False
    return Refused(_text(number, _RESULT_REASONS[DataAccess(access)]), executed=executed)


def rejected(answer: AssociationRejected) -> FieldError:
    """An AARE that does not accept."""
    if answer.result == AssociationResult.REJECTED_TRANSIENT:
        return Busy(_text(193, "BUSY"))
    if answer.diagnostic in _AUTHENTICATION_DIAGNOSTICS:
        return AuthenticationFailure(_text(163, "AUTHENTICATION FAILURE"))
    return Refused(_text(150 + answer.diagnostic, "ASSOCIATION REFUSED"))


def exception(answer: ServerException) -> FieldError:
    """An exception-response (D8) of the addressed device."""
    kinds: dict[ServiceError, type[FieldError]] = {
        ServiceError.INVOCATION_COUNTER_ERROR: CounterRefused,
        ServiceError.DECIPHERING_ERROR: KeysRefused,
        ServiceError.PDU_TOO_LONG: RequestTooLong,
    }
    kind = kinds.get(answer.service)
    if kind is not None:
        return kind(_text(140 + answer.service, _SERVICE_REASONS[answer.service]))
    if answer.state == State.SERVICE_NOT_ALLOWED:
        return NotAssociated(_text(195, "NOT ASSOCIATED"))
    return Refused(_text(142, "SERVICE UNKNOWN"))


def of(event: Event) -> FieldError:
    """The error an answer amounts to; an answer that nobody asked for is garbled."""
    match event:
        case AssociationRejected():
            return rejected(event)
        case NotAuthentic():
            return Locked(_text(194, "DEVICE NOT AUTHENTIC"))
        case DataError(result=access) | Result(result=access) | ActionResult(status=access):
            return garbled() if access == DataAccess.SUCCESS else result(access)
        case ServerException():
            return exception(event)
        case ServiceErrorReply():
            return Refused(_text(150, "ASSOCIATION REFUSED"))
        case Unprefixed():
            return node_silent(FIRST_NODE_CODE)
    return garbled()


def _text(number: int, reason: str) -> str:
    return f"[TB_ACK_{number}] {reason}"
