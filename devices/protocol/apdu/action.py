"""ACTION service (IEC 62056-5-3): normal and requests by blocks; both directions.

The blocks of a request carry the encoded parameter (*assumed*: without its presence flag). Answers
by blocks are not used by any object of our profile and are refused as garbled.
"""

from dataclasses import dataclass
from typing import TypeAlias

from devices.protocol.apdu.names import (
    ACTION_REQUEST,
    ACTION_RESPONSE,
    Method,
    opened,
    read_method,
    write_name,
)
from devices.protocol.axdr import octets
from devices.protocol.errors import ActionStatus, DataAccess, known

NORMAL, FIRST_BLOCK, NEXT_BLOCK = 1, 4, 6
TAKE_NEXT = 4


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """One method and its encoded parameter, None for none."""

    invoke: int
    method: Method
    parameter: bytes | None

    def encode(self) -> bytes:
        head = bytes((ACTION_REQUEST, NORMAL, self.invoke)) + write_name(self.method)
        return head + (b"\x00" if self.parameter is None else b"\x01" + self.parameter)


@dataclass(frozen=True, slots=True)
class ActionFirstBlock:
    """Method and first piece of its encoded parameter; blocks count from 1."""

    invoke: int
    method: Method
    last: bool
    number: int
    piece: bytes

    def encode(self) -> bytes:
        head = bytes((ACTION_REQUEST, FIRST_BLOCK, self.invoke)) + write_name(self.method)
        return head + _block(self.last, self.number, self.piece)


@dataclass(frozen=True, slots=True)
class ActionNextBlock:
    """A further piece."""

    invoke: int
    last: bool
    number: int
    piece: bytes

    def encode(self) -> bytes:
        head = bytes((ACTION_REQUEST, NEXT_BLOCK, self.invoke))
        return head + _block(self.last, self.number, self.piece)


@dataclass(frozen=True, slots=True)
class ActionResponse:
    """Status and encoded return value (or why there is none)."""

    invoke: int
    status: ActionStatus
    returned: bytes | DataAccess | None = None

    def encode(self) -> bytes:
        head = bytes((ACTION_RESPONSE, NORMAL, self.invoke, self.status))
        if self.returned is None:
            return head + b"\x00"
        if isinstance(self.returned, DataAccess):
            return head + bytes((1, 1, self.returned))
        return head + b"\x01\x00" + self.returned


@dataclass(frozen=True, slots=True)
class ActionBlockTaken:
    """Block `number` arrived; send the next."""

    invoke: int
    number: int

    def encode(self) -> bytes:
        return bytes((ACTION_RESPONSE, TAKE_NEXT, self.invoke)) + self.number.to_bytes(4, "big")


AnyActionRequest: TypeAlias = ActionRequest | ActionFirstBlock | ActionNextBlock


def decode_action_request(apdu: bytes) -> AnyActionRequest:
    """ACTION.request normal or by blocks; GarbledError for everything else."""
    cursor, choice, invoke = opened(apdu, ACTION_REQUEST, "ACTION request")
    if choice == NORMAL:
        method = read_method(cursor)
        request = ActionRequest(invoke, method, cursor.rest() if cursor.flag() else None)
        cursor.end()
        return request
    if choice == FIRST_BLOCK:
        method = read_method(cursor)
        return ActionFirstBlock(invoke, method, cursor.flag(), cursor.u32(), cursor.octets())
    if choice == NEXT_BLOCK:
        return ActionNextBlock(invoke, cursor.flag(), cursor.u32(), cursor.octets())
    raise cursor.wrong(f"choice {choice}")


def decode_action_response(apdu: bytes) -> ActionResponse | ActionBlockTaken:
    """ACTION.response normal or next-block; GarbledError for everything else."""
    cursor, choice, invoke = opened(apdu, ACTION_RESPONSE, "ACTION response")
    if choice == TAKE_NEXT:
        return ActionBlockTaken(invoke, cursor.u32())
    if choice != NORMAL:
        raise cursor.wrong(f"choice {choice}")
    status = known(ActionStatus, cursor.u8(), "ACTION response")
    returned: bytes | DataAccess | None = None
    if not cursor.at_end and cursor.flag():
        is_error = cursor.flag()
        returned = known(DataAccess, cursor.u8(), "ACTION") if is_error else cursor.rest()
    cursor.end()
    return ActionResponse(invoke, status, returned)


def _block(last: bool, number: int, piece: bytes) -> bytes:
    return bytes((last,)) + number.to_bytes(4, "big") + octets(piece)
