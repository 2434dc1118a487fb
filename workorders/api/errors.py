"""Every error of the interface is JSON: a reply code and a sentence that names place and cure.

Codes are those of `codes/reply_error_codes.csv`; which one stands for what HTTP knows is assumed.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from workorders.activities.orders.base import Rejected

log = logging.getLogger(__name__)

MALFORMED, TOO_LARGE, NOT_FOUND, NOT_ALLOWED = "1.8", "3.1", "2.15", "7.5"
BUSY, FAILED = "5.1", "4.3"
JSON = "application/json"
_SHOWN = 500

_CODES: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.NotAuthenticated, "7.2"),
    (exceptions.AuthenticationFailed, "7.4"),
    (exceptions.PermissionDenied, NOT_ALLOWED),
    (exceptions.NotFound, NOT_FOUND),
    (exceptions.MethodNotAllowed, "2.9"),
    (exceptions.APIException, MALFORMED),
)


class ApiError(Exception):
    """What a view answers in place of a result."""

    def __init__(self, http: int, code: str, text: str) -> None:
        super().__init__(text)
        self.http, self.code, self.text = http, code, text


def answer(fault: Exception, _context: Mapping[str, Any]) -> Response:
    """The answer to any exception of a view; a bug is logged, and its text stays inside."""
    if isinstance(fault, ApiError):
        return told(fault.http, fault.code, fault.text)
    if isinstance(fault, Rejected):
        return told(status.HTTP_422_UNPROCESSABLE_ENTITY, fault.code, fault.text)
    if isinstance(fault, OperationalError):
        log.warning("the database does not answer: %s", fault)
        text = "the database is busy or gone - try again later, or ask for less"
        return told(status.HTTP_503_SERVICE_UNAVAILABLE, BUSY, text)
    return _of_framework(fault)


def told(http: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as it is sent; JSON whatever the caller would have accepted of a result."""
    body = {"code": code, "text": text[:_SHOWN]}
    return Response(body, status=http, headers=dict(headers or {}), content_type=JSON)


def _of_framework(fault: Exception) -> Response:
    if isinstance(fault, Http404):
        fault = exceptions.NotFound()
    elif isinstance(fault, PermissionDenied):
        fault = exceptions.PermissionDenied()
    if not isinstance(fault, exceptions.APIException):
        log.error("a request failed", exc_info=fault)
        text = "an error of ours, which is in the log - report the time of your request"
        return told(status.HTTP_500_INTERNAL_SERVER_ERROR, FAILED, text)
    code = next(code for kind, code in _CODES if isinstance(fault, kind))
    challenge = getattr(fault, "auth_header", "")
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return told(fault.status_code, code, first_fault(fault.detail), headers)


def first_fault(detail: Any, place: str = "") -> str:
    """The first sentence of the framework's nested faults, with its place: `orders[3].priority`."""
    if isinstance(detail, Mapping):
        name, inner = next(iter(detail.items()))
        if name == "non_field_errors":
            return first_fault(inner, place)
        if isinstance(name, int):  # of a list: its number
            return first_fault(inner, f"{place}[{name}]")
        return first_fault(inner, f"{place}.{name}" if place else str(name))
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return _first_of_list(detail, place)
    return f"{place}: {detail}" if place else str(detail)


def _first_of_list(faults: Sequence[Any], place: str) -> str:
    """Faults of one value, or one entry (empty: none) per item of a list."""
    number, fault = next((n, fault) for n, fault in enumerate(faults) if fault)
    return first_fault(fault, f"{place}[{number}]" if isinstance(fault, Mapping) else place)
