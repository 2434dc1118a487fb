"""One confirmed service from request to answer, blocks included; the client's half.

An exchange gives its first APDU, then takes each answering APDU and returns either the next APDU to
send or the event that ends it (a DataBlock that is not the last merely interrupts it).
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from devices.protocol import events
from devices.protocol.apdu import (
    ActionBlockTaken,
    ActionFirstBlock,
    ActionNextBlock,
    ActionRequest,
    Attribute,
    GetBlock,
    GetListRequest,
    GetListResponse,
    GetNext,
    GetRequest,
    Method,
    SetBlockTaken,
    SetFirstBlock,
    SetNextBlock,
    SetRequest,
    Wanted,
    decode_action_response,
    decode_get_response,
    decode_set_response,
)
from devices.protocol.apdu.get import read_list_body
from devices.protocol.axdr import Data, decode_all
from devices.protocol.cursor import Cursor
from devices.protocol.errors import DataAccess, GarbledError

MAX_COLLECTED = 1024 * 1024
"""Bytes of one value put together from blocks; longer answers must be streamed."""
BLOCK_OVERHEAD = 64
"""More than any SET or ACTION block needs around its piece."""

Outcome: TypeAlias = bytes | events.Event


class Exchange(Protocol):
    """What a connection needs of each service."""

    def first(self) -> bytes:
        """The request."""

    def next(self) -> bytes:
        """The request for the next block of a streamed answer."""

    def answer(self, apdu: bytes) -> Outcome:
        """What `apdu` means; GarbledError when it does not answer this request."""


class GetExchange:
    """GET of one attribute (streamed or collected) or of several (always collected)."""

    def __init__(
        self, invoke: int, wanted: Sequence[Wanted], *, listed: bool, stream: bool
    ) -> None:
        self._invoke = invoke
        self._wanted = tuple(wanted)
        self._listed = listed
        self._stream = stream
        self._block = 0
        self._collected = bytearray()

    def first(self) -> bytes:
        if self._listed:
            return GetListRequest(self._invoke, self._wanted).encode()
        return GetRequest(self._invoke, *self._wanted[0]).encode()

    def next(self) -> bytes:
        return GetNext(self._invoke, self._block).encode()

    def answer(self, apdu: bytes) -> Outcome:
        response = decode_get_response(apdu)
        _check_invoke(response.invoke, self._invoke)
        if isinstance(response, GetListResponse):
            return self._list(response.results)
        if isinstance(response.result, DataAccess):
            return events.DataError(response.result)
        if isinstance(response, GetBlock):
            return self._on_block(response, response.result)
        if self._listed:
            raise GarbledError("GET with-list answered by a single value")
        return self._whole(response.result)

    def _list(self, results: tuple[Data | DataAccess, ...]) -> Outcome:
        if not self._listed or len(results) != len(self._wanted):
            raise GarbledError(f"{len(results)} results for {len(self._wanted)} attributes")
        return events.DataList(results)

    def _whole(self, raw: bytes) -> Outcome:
        if self._stream:
            return events.DataBlock(raw, last=True)
        return events.Data(decode_all(raw))

    def _on_block(self, block: GetBlock, raw: bytes) -> Outcome:
        if block.number != self._block + 1:
            raise GarbledError(f"block {block.number} after block {self._block}")
        self._block = block.number
        if self._stream and not self._listed:
            return events.DataBlock(raw, block.last)
        self._collected += raw
        if len(self._collected) > MAX_COLLECTED:
            raise GarbledError(f"value of more than {MAX_COLLECTED} bytes")
        if not block.last:
            return self.next()
        if self._listed:
            return self._list(read_list_body(Cursor(bytes(self._collected), "GET list")))
        return self._whole(bytes(self._collected))


class _Upload:
    """An encoded value on its way to the device, whole or cut into blocks of `room` bytes."""

    def __init__(self, invoke: int, value: bytes, room: int) -> None:
        size = room - BLOCK_OVERHEAD
        self.invoke = invoke
        self.fits = len(value) <= size
        self._pieces = [value[at : at + size] for at in range(0, len(value), size)]
        self._sent = 0

    def next(self) -> bytes:
        raise GarbledError("a block was asked of a service that has none")

    def piece(self) -> tuple[bool, int, bytes]:
        """Last flag, number and bytes of the next block."""
        piece = self._pieces[self._sent]
        self._sent += 1
        return self._sent == len(self._pieces), self._sent, piece

    def check_taken(self, number: int) -> None:
        """The device may ask for the next block only, and only while there is one."""
        if self.fits or number != self._sent or self._sent == len(self._pieces):
            raise GarbledError(f"block {number} acknowledged, {self._sent} sent")

    def check_done(self) -> None:
        """A final answer is right only after the last block (errors may come earlier)."""
        if not self.fits and self._sent < len(self._pieces):
            raise GarbledError("success before the last block")


class SetExchange(_Upload):
    """SET of one attribute."""

    def __init__(self, invoke: int, attribute: Attribute, value: bytes, room: int) -> None:
        super().__init__(invoke, value, room)
        self._attribute = attribute
        self._value = value

    def first(self) -> bytes:
        if self.fits:
            return SetRequest(self.invoke, self._attribute, None, self._value).encode()
        return SetFirstBlock(self.invoke, self._attribute, None, *self.piece()).encode()

    def answer(self, apdu: bytes) -> Outcome:
        response = decode_set_response(apdu)
        _check_invoke(response.invoke, self.invoke)
        if isinstance(response, SetBlockTaken):
            self.check_taken(response.number)
            return SetNextBlock(self.invoke, *self.piece()).encode()
        if response.result is DataAccess.SUCCESS:
            self.check_done()
        return events.Result(response.result)


class ActionExchange(_Upload):
    """ACTION of one method."""

    def __init__(self, invoke: int, method: Method, parameter: bytes | None, room: int) -> None:
        super().__init__(invoke, parameter or b"", room)
        self._method = method
        self._parameter = parameter

    def first(self) -> bytes:
        if self.fits:
            return ActionRequest(self.invoke, self._method, self._parameter).encode()
        return ActionFirstBlock(self.invoke, self._method, *self.piece()).encode()

    def answer(self, apdu: bytes) -> Outcome:
        response = decode_action_response(apdu)
        _check_invoke(response.invoke, self.invoke)
        if isinstance(response, ActionBlockTaken):
            self.check_taken(response.number)
            return ActionNextBlock(self.invoke, *self.piece()).encode()
        if response.status == 0:
            self.check_done()
        if isinstance(response.returned, bytes):
            return events.ActionResult(response.status, decode_all(response.returned))
        return events.ActionResult(response.status)


def _check_invoke(answered: int, asked: int) -> None:
    if answered & 0x0F != asked & 0x0F:
        raise GarbledError(f"invoke id {answered & 0x0F} answers {asked & 0x0F}")
