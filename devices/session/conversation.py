"""One association over a transport: one question, one answer, and what to do about the rest.

A conversation repeats what companion profile 6 lets it repeat: a temporary failure twice more after
a pause, a request on a lost association once after associating again. Everything else becomes an
error of `devices.session.errors`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from devices.drivers.base import FieldError
from devices.protocol import events
from devices.protocol.apdu import Attribute, Method, Wanted
from devices.protocol.axdr import Data
from devices.protocol.connection import ClientConnection
from devices.protocol.errors import (
    ActionStatus,
    CipherError,
    CounterError,
    DataAccess,
    GarbledError,
)
from devices.protocol.selective import Selection
from devices.protocol.states import State
from devices.session import errors
from devices.session.transport import Transport

TEMPORARY_REPEATS = 2
TEMPORARY_PAUSE = 5.0

_Kind = TypeVar("_Kind")
Request = Callable[[ClientConnection], bytes]
Connect = Callable[[int], ClientConnection]


class Conversation:
    """`connect` makes the connection object of an association, given the last counter the device
    used in it before (-1: none); `seconds` bounds one exchange.

    Several conversations (a concentrator's and those with meters behind it) may share a transport,
    strictly in turn. Every method may raise a FieldError; after Garbled or Timeout the transport is
    closed.
    """

    def __init__(
        self,
        transport: Transport,
        connect: Connect,
        seconds: float,
        pause: float = TEMPORARY_PAUSE,
    ) -> None:
        self._transport = transport
        self._connect = connect
        self._seconds = seconds
        self._pause = pause
        self._connection = connect(-1)
        self._may_renew = True

    @property
    def server_counter(self) -> int:
        """The last invocation counter the device used."""
        return self._connection.server_counter

    @property
    def is_open(self) -> bool:
        """There is an association to release."""
        open_states = (State.READY, State.BETWEEN_BLOCKS)
        return self._transport.is_open and self._connection.state in open_states

    async def associate(self) -> events.Associated:
        """Open the association; Busy, Locked, Refused, Unreachable when it stays shut."""
        return _expected(events.Associated, await self._exchange(self._connection.associate()))

    async def get(self, attribute: Attribute, selection: Selection | None = None) -> Data:
        """The value of one attribute, or the few rows of a buffer that are selected."""
        answer = await self._ask(lambda to: to.get(attribute, selection))
        return _expected(events.Data, answer).value

    async def get_many(self, wanted: Sequence[Attribute]) -> tuple[Data, ...]:
        """Several values at once; one by one from a device that calls that too long."""
        asked: list[Wanted] = [(attribute, None) for attribute in wanted]
        answer = await self._ask(lambda to: to.get_with_list(asked))
        if _amounts_to(errors.RequestTooLong, answer):
            return tuple([await self.get(attribute) for attribute in wanted])
        results = _expected(events.DataList, answer).results
        return tuple([_granted(result) for result in results])

    async def stream(
        self, attribute: Attribute, selection: Selection | None = None
    ) -> AsyncIterator[bytes]:
        """The encoded value of an attribute, block by block; read no faster than it is consumed."""
        answer = await self._ask(lambda to: to.get(attribute, selection, stream=True))
        block = _expected(events.DataBlock, answer)
        yield block.raw
        while not block.last:
            answer = await self._exchange(self._connection.next_block())
            block = _expected(events.DataBlock, answer)
            yield block.raw

    async def set(self, attribute: Attribute, value: Callable[[], Data]) -> None:
        """Write one attribute; `value` is called per attempt. Only for what may be sent twice."""
        answer = _expected(events.Result, await self._ask(lambda to: to.set(attribute, value())))
        if answer.result is not DataAccess.SUCCESS:
            raise errors.of(answer)

    async def set_once(self, attribute: Attribute, value: Data) -> None:
        """Write one attribute. Nothing repeats it: a worker that slept meanwhile may no longer
        own the order behind it."""
        answer = _expected(
            events.Result, await self._exchange(self._connection.set(attribute, value))
        )
        if answer.result is not DataAccess.SUCCESS:
            raise errors.of(answer)

    async def action(self, method: Method, value: Data) -> None:
        """Carry out a method; as little repeated as `set_once`."""
        outcome = await self._exchange(self._connection.action(method, value))
        if _expected(events.ActionResult, outcome).status is not ActionStatus.SUCCESS:
            raise errors.of(outcome)

    async def release(self, seconds: float) -> None:
        """RLRQ, waiting at most `seconds` for its answer."""
        await self._exchange(self._connection.release(), seconds)

    async def _ask(self, request: Request) -> events.Event:
        """The final answer to a harmless request, repeated as far as the profile allows."""
        answer = await self._exchange(request(self._connection))
        if self._may_renew and _amounts_to(errors.NotAssociated, answer):
            self._may_renew = False
            self._connection = self._connect(self._connection.server_counter)
            await self.associate()
            answer = await self._exchange(request(self._connection))
        for _ in range(TEMPORARY_REPEATS):
            if not _is_temporary(answer):
                break
            await asyncio.sleep(self._pause)
            answer = await self._exchange(request(self._connection))
        return answer

    async def _exchange(self, data: bytes, seconds: float | None = None) -> events.Event:
        """Write, and read up to the one event that ends the exchange."""
        limit = self._seconds if seconds is None else seconds
        await self._transport.send(data, limit)
        while True:
            for event in self._received(await self._transport.receive()):
                if not isinstance(event, events.ToSend):
                    return event
                await self._transport.send(event.data, limit)

    def _received(self, data: bytes) -> list[events.Event]:
        try:
            received = self._connection.receive(data)
            if len(received) > 1:
                raise GarbledError(f"{len(received)} answers to one request")
        except GarbledError as error:
            self._transport.close()
            greeted = self._transport.greeted or isinstance(error, CipherError | CounterError)
            raise errors.garbled(greeted=greeted) from error
        self._transport.greeted |= bool(received)
        return received


def _expected(kind: type[_Kind], answer: events.Event) -> _Kind:
    if isinstance(answer, kind):
        return answer
    raise errors.of(answer)


def _granted(result: Data | DataAccess) -> Data:
    if isinstance(result, DataAccess):
        raise errors.result(result)
    return result


def _is_temporary(answer: events.Event) -> bool:
    match answer:
        case events.DataError(result=access) | events.Result(result=access):
            return access is DataAccess.TEMPORARY_FAILURE
        case events.DataList(results=results):
            return any(result is DataAccess.TEMPORARY_FAILURE for result in results)
    return False


def _amounts_to(kind: type[FieldError], answer: events.Event) -> bool:
    return isinstance(answer, events.ServerException) and isinstance(errors.of(answer), kind)
