"""An event when an order ends, as server-sent events.

A stream keeps a thread of the web server, so there are few of them, each lives for minutes, and its
reader comes back with the last id it got: nothing is lost or repeated. A reader that takes nothing
is cut off.
"""

import json
import select
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from socket import MSG_PEEK
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import close_old_connections
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.status import HTTP_409_CONFLICT, HTTP_503_SERVICE_UNAVAILABLE
from rest_framework.views import APIView

from workorders import order_ends
from workorders.api.access import company_of, name_of
from workorders.api.answering import FAULTS, OF_COMPANY
from workorders.api.errors import BUSY, NOT_FOUND, ApiError
from workorders.order_ends import End, Position, UnknownPosition

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 10.0  # shows a dead connection, and a living one to what stands between
STUCK_SECONDS = 30.0  # a reader that takes nothing for so long
RETRY_MILLISECONDS = 1000
EVENT = "order-ended"


class Places:
    """How many streams this process serves, in all and for each user."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, user: str) -> None:
        """Raises ApiError where no place is left; every `take` is followed by a `leave`."""
        with self._lock:
            if self._taken[user] >= settings.EVENT_STREAMS_OF_USER:
                raise _full(f"you have {self._taken[user]} streams already: close one")
            if self._taken.total() >= settings.EVENT_STREAMS:
                raise _full("all streams are taken: try again later")
            self._taken[user] += 1

    def leave(self, user: str) -> None:
        with self._lock:
            self._taken[user] -= 1


PLACES = Places()


class EventStream(BaseRenderer):
    """Lets callers ask for the stream by its type; what it renders itself are faults, as JSON."""

    media_type = "text/event-stream"
    format = "sse"

    def render(self, data: Any, *_: Any, **__: Any) -> bytes:
        return json.dumps(data).encode()


class Ends(APIView):
    """Orders as they end."""

    renderer_classes = [EventStream, JSONRenderer]

    @extend_schema(
        operation_id="follow_orders",
        parameters=[
            OF_COMPANY,
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER),
            OpenApiParameter("last_event_id", str, description="0-0: from the beginning"),
        ],
        responses={(200, EventStream.media_type): OpenApiTypes.STR, 409: FAULTS[404], **FAULTS},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """One `order-ended` event for each order, once, in the order of the commits.

        Without a position the stream begins now. It ends after some minutes: come back with the
        last id, as every client of server-sent events does by itself.
        """
        company, position = company_of(request), _position(request)
        stream = _Stream(name_of(request), company.pk, position, _socket_of(request))
        answer = StreamingHttpResponse(stream, content_type=EventStream.media_type)
        answer["Cache-Control"] = "no-store"
        answer["X-Accel-Buffering"] = "no"  # a proxy hands each event on at once
        return answer


class _Stream:
    """The body of one answer; its place is given back however it ends."""

    def __init__(self, user: str, company: int, position: Position, socket: Any) -> None:
        self._user, self._socket = user, socket
        PLACES.take(user)
        self._is_open = True
        self._chunks = _chunks(company, position)

    def __iter__(self) -> Iterator[bytes]:
        with _impatient(self._socket):
            yield from takewhile(lambda _: not _has_hung_up(self._socket), self._chunks)

    def close(self) -> None:
        """Called by Django when the answer is over, also where nothing of it was sent."""
        if self._is_open:
            self._is_open = False
            PLACES.leave(self._user)


def _chunks(company: int, position: Position) -> Iterator[bytes]:
    """The events, and the position from time to time, so that a reader never has to go far back.

    Empty ones are pauses in which nothing has happened.
    """
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    until, heard = time.monotonic() + settings.EVENT_STREAM_SECONDS, 0.0
    while (now := time.monotonic()) < until:
        was = position
        ends, position = order_ends.after(position, company)
        yield b"".join(_event(one) for one in ends)
        if now - heard >= HEARTBEAT_SECONDS:
            heard = now
            yield f"id: {position}\n\n".encode()
            close_old_connections()
        if position == was:
            time.sleep(POLL_SECONDS)
    yield f"id: {position}\n\n".encode()


def _event(end: End) -> bytes:
    data = json.dumps(end.facts, cls=DjangoJSONEncoder)
    return f"id: {end.position}\nevent: {EVENT}\ndata: {data}\n\n".encode()


def _position(request: Request) -> Position:
    text = request.headers.get("Last-Event-ID") or request.query_params.get("last_event_id")
    try:
        return order_ends.position_of(text) if text else order_ends.here()
    except UnknownPosition as fault:
        raise ApiError(HTTP_409_CONFLICT, NOT_FOUND, str(fault)) from None


def _socket_of(request: Request) -> Any:
    """gunicorn's socket of the caller; None under another server."""
    return request.META.get("gunicorn.socket")


def _has_hung_up(socket: Any) -> bool:
    """Whether the caller has closed the connection: his place is wanted before the next event."""
    if socket is None:
        return False
    ready = select.poll()
    ready.register(socket, select.POLLIN)
    try:
        return bool(ready.poll(0)) and not socket.recv(1, MSG_PEEK)
    except ValueError:  # TLS cannot look ahead
        return False
    except OSError:
        return True


@contextmanager
def _impatient(socket: Any) -> Iterator[None]:
    """While it lasts, sending to a caller that takes nothing raises instead of waiting for ever."""
    if socket is None:
        yield
        return
    usual = socket.gettimeout()
    socket.settimeout(STUCK_SECONDS)
    try:
        yield
    finally:
        with suppress(OSError):  # it may be closed already
            socket.settimeout(usual)


def _full(text: str) -> ApiError:
    return ApiError(HTTP_503_SERVICE_UNAVAILABLE, BUSY, text)
