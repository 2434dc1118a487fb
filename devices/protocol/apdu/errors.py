"""Answers in place of a service response: exception-response (D8), confirmed-service-error (0E)."""

from dataclasses import dataclass

from devices.protocol.apdu.names import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE
from devices.protocol.cursor import Cursor
from devices.protocol.errors import ServiceError, StateError, known


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """Why a service was not carried out; with a counter error the counter the peer expects."""

    state: StateError
    service: ServiceError
    counter: int | None = None

    def encode(self) -> bytes:
        head = bytes((EXCEPTION_RESPONSE, self.state, self.service))
        return head if self.counter is None else head + self.counter.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    """Service (1 = initiate), kind of error and its number, as sent."""

    service: int
    kind: int
    error: int

    def encode(self) -> bytes:
        return bytes((CONFIRMED_SERVICE_ERROR, self.service, self.kind, self.error))


def decode_exception(apdu: bytes) -> ExceptionResponse:
    """D8, two error bytes and, if given, a u32 counter."""
    cursor = Cursor(apdu, "exception-response")
    if cursor.u8() != EXCEPTION_RESPONSE:
        raise cursor.wrong("tag")
    state = known(StateError, cursor.u8(), "exception-response")
    service = known(ServiceError, cursor.u8(), "exception-response")
    counter = None if cursor.at_end else cursor.u32()
    cursor.end()
    return ExceptionResponse(state, service, counter)


def decode_confirmed_service_error(apdu: bytes) -> ConfirmedServiceError:
    """0E and three bytes."""
    cursor = Cursor(apdu, "confirmed-service-error")
    if cursor.u8() != CONFIRMED_SERVICE_ERROR:
        raise cursor.wrong("tag")
    error = ConfirmedServiceError(cursor.u8(), cursor.u8(), cursor.u8())
    cursor.end()
    return error
