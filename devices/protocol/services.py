"""GET, SET and ACTION on the answering side: typed calls of a handler, answers with blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from devices.protocol.apdu import (
    ActionBlockTaken,
    ActionFirstBlock,
    ActionNextBlock,
    ActionRequest,
    ActionResponse,
    Attribute,
    ExceptionResponse,
    GetBlock,
    GetListRequest,
    GetNext,
    GetRequest,
    GetResponse,
    Method,
    SetBlockTaken,
    SetFirstBlock,
    SetNextBlock,
    SetRequest,
    SetResponse,
    decode_action_request,
    decode_get_request,
    decode_set_request,
)
from devices.protocol.apdu.get import BLOCK_HEADER, LIST, NORMAL_HEADER, list_body
from devices.protocol.apdu.names import (
    ACTION_REQUEST,
    GET_REQUEST,
    GET_RESPONSE,
    SET_REQUEST,
)
from devices.protocol.association import Mechanism
from devices.protocol.axdr import Data, decode_all, encode
from devices.protocol.errors import (
    ActionStatus,
    DataAccess,
    GarbledError,
    ServiceError,
    StateError,
)
from devices.protocol.selective import Selection

MAX_UPLOAD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks: the client's wPort and how it proved itself."""

    client: int
    mechanism: Mechanism


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded value in pieces; they are drawn only as fast as the client fetches blocks."""

    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Returned:
    """A method was carried out and returned a value."""

    value: Data


Answer: TypeAlias = "DataAccess | Encoded | Data"


class Handler(Protocol):
    """What a device holds and does."""

    def get(self, peer: Peer, attribute: Attribute, selection: Selection | None) -> Answer:
        """The value, ready or encoded in pieces, or why not."""

    def set(self, peer: Peer, attribute: Attribute, value: Data) -> DataAccess:
        """Take a new value."""

    def action(self, peer: Peer, method: Method, value: Data) -> ActionStatus | Returned:
        """Carry out a method with its parameter (None for none)."""


class _Download:
    """A long answer on its way out: the next bytes on demand."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._held = bytearray()
        self._drained = False
        self.block = 0

    def fits(self, size: int) -> bool:
        """Whether all that is left has at most `size` bytes."""
        while len(self._held) <= size and not self._drained:
            piece = next(self._pieces, None)
            if piece is None:
                self._drained = True
            else:
                self._held += piece
        return self._drained and len(self._held) <= size

    def take(self, size: int) -> bytes:
        """At most `size` bytes."""
        raw = bytes(self._held[:size])
        del self._held[:size]
        return raw


class Services:
    """The services of one open association; `client_max` is the longest APDU the client takes."""

    def __init__(self, handler: Handler, peer: Peer, client_max: int) -> None:
        self._handler = handler
        self._peer = peer
        self._client_max = client_max
        self._download: _Download | None = None
        self._upload: tuple[Attribute | Method, bytearray, int] | None = None

    def answer(self, apdu: bytes, overhead: int) -> bytes:
        """The answer to a clear request; `overhead` bytes will be added around it."""
        tag = apdu[0]
        if tag == GET_REQUEST:
            return self._get(apdu, self._client_max - overhead)
        if tag == SET_REQUEST:
            return self._set(apdu)
        if tag == ACTION_REQUEST:
            return self._action(apdu)
        error = ServiceError.SERVICE_NOT_SUPPORTED
        return ExceptionResponse(StateError.SERVICE_UNKNOWN, error).encode()

    # --- GET ----------------------------------------------------------------------------------

    def _get(self, apdu: bytes, room: int) -> bytes:
        request = decode_get_request(apdu)
        if isinstance(request, GetNext):
            return self._get_next(request, room)
        if isinstance(request, GetListRequest):
            return self._get_list(request, room)
        return self._get_one(request, room)

    def _get_one(self, request: GetRequest, room: int) -> bytes:
        value = self._handler.get(self._peer, request.attribute, request.selection)
        if isinstance(value, DataAccess):
            return GetResponse(request.invoke, value).encode()
        download = _Download(_pieces(value))
        if download.fits(room - NORMAL_HEADER):
            return GetResponse(request.invoke, download.take(room)).encode()
        return self._begin_blocks(request.invoke, download, room)

    def _get_list(self, request: GetListRequest, room: int) -> bytes:
        values = (self._handler.get(self._peer, *wanted) for wanted in request.wanted)
        body = list_body([v if isinstance(v, DataAccess) else b"".join(_pieces(v)) for v in values])
        if len(body) <= room - NORMAL_HEADER:
            return bytes((GET_RESPONSE, LIST, request.invoke)) + body
        return self._begin_blocks(request.invoke, _Download([body]), room)

    def _begin_blocks(self, invoke: int, download: _Download, room: int) -> bytes:
        self._download = download
        return self._block(invoke, download, room)

    def _get_next(self, request: GetNext, room: int) -> bytes:
        download = self._download
        if download is None:
            reason = DataAccess.NO_LONG_GET_IN_PROGRESS
            return GetBlock(request.invoke, True, request.block, reason).encode()
        if request.block != download.block:
            self._download = None
            reason = DataAccess.DATA_BLOCK_NUMBER_INVALID
            return GetBlock(request.invoke, True, request.block, reason).encode()
        return self._block(request.invoke, download, room)

    def _block(self, invoke: int, download: _Download, room: int) -> bytes:
        size = room - BLOCK_HEADER
        last = download.fits(size)
        download.block += 1
        if last:
            self._download = None
        return GetBlock(invoke, last, download.block, download.take(size)).encode()

    # --- SET, ACTION --------------------------------------------------------------------------

    def _set(self, apdu: bytes) -> bytes:
        request = decode_set_request(apdu)
        if isinstance(request, SetRequest):
            result = self._write(request.attribute, request.selection, request.value)
            return SetResponse(request.invoke, result).encode()
        if isinstance(request, SetFirstBlock):
            self._upload = request.attribute, bytearray(), 0
        whole = self._taken(request)
        if whole is None:
            return SetBlockTaken(request.invoke, request.number).encode()
        attribute, raw = whole
        if not isinstance(attribute, Attribute):
            raise GarbledError("SET block in a long ACTION")
        result = self._write(attribute, None, raw)
        return SetResponse(request.invoke, result, request.number).encode()

    def _action(self, apdu: bytes) -> bytes:
        request = decode_action_request(apdu)
        if isinstance(request, ActionRequest):
            return self._perform(request.invoke, request.method, request.parameter)
        if isinstance(request, ActionFirstBlock):
            self._upload = request.method, bytearray(), 0
        whole = self._taken(request)
        if whole is None:
            return ActionBlockTaken(request.invoke, request.number).encode()
        method, raw = whole
        if not isinstance(method, Method):
            raise GarbledError("ACTION block in a long SET")
        return self._perform(request.invoke, method, raw)

    def _taken(
        self, block: SetFirstBlock | SetNextBlock | ActionFirstBlock | ActionNextBlock
    ) -> tuple[Attribute | Method, bytes] | None:
        """Adds a block to the upload; name and value when it was the last."""
        if self._upload is None:
            raise GarbledError("a further block without a first")
        name, collected, number = self._upload
        self._upload = None
        if block.number != number + 1 or len(collected) + len(block.piece) > MAX_UPLOAD:
            raise GarbledError(f"block {block.number} after block {number}")
        collected += block.piece
        if block.last:
            return name, bytes(collected)
        self._upload = name, collected, block.number
        return None

    def _write(self, attribute: Attribute, selection: Selection | None, raw: bytes) -> DataAccess:
        if selection is not None:
            return DataAccess.SCOPE_OF_ACCESS_VIOLATED
        return self._handler.set(self._peer, attribute, decode_all(raw))

    def _perform(self, invoke: int, method: Method, raw: bytes | None) -> bytes:
        value = None if raw is None else decode_all(raw)
        outcome = self._handler.action(self._peer, method, value)
        if isinstance(outcome, Returned):
            returned = encode(outcome.value)
            return ActionResponse(invoke, ActionStatus.SUCCESS, returned).encode()
        return ActionResponse(invoke, outcome).encode()


def _pieces(value: "Encoded | Data") -> Iterable[bytes]:
    return value.pieces if isinstance(value, Encoded) else (encode(value),)
