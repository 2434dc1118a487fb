"""SET service (IEC 62056-5-3): normal and by blocks; both directions."""

from dataclasses import dataclass
from typing import TypeAlias

from devices.protocol.apdu.names import (
    SET_REQUEST,
    SET_RESPONSE,
    Attribute,
    opened,
    read_attribute,
    write_name,
)
from devices.protocol.axdr import octets
from devices.protocol.errors import DataAccess, known
from devices.protocol.selective import Selection, read_selection, write_selection

NORMAL, FIRST_BLOCK, NEXT_BLOCK = 1, 2, 3
ACK_BLOCK, ACK_LAST_BLOCK = 2, 3


@dataclass(frozen=True, slots=True)
class SetRequest:
    """One attribute and its new value, encoded."""

    invoke: int
    attribute: Attribute
    selection: Selection | None
    value: bytes

    def encode(self) -> bytes:
        head = bytes((SET_REQUEST, NORMAL, self.invoke)) + write_name(self.attribute)
        return head + write_selection(self.selection) + self.value


@dataclass(frozen=True, slots=True)
class SetFirstBlock:
    """Attribute and first piece of its encoded value; blocks count from 1."""

    invoke: int
    attribute: Attribute
    selection: Selection | None
    last: bool
    number: int
    piece: bytes

    def encode(self) -> bytes:
        head = bytes((SET_REQUEST, FIRST_BLOCK, self.invoke)) + write_name(self.attribute)
        return head + write_selection(self.selection) + _block(self.last, self.number, self.piece)


@dataclass(frozen=True, slots=True)
class SetNextBlock:
    """A further piece."""

    invoke: int
    last: bool
    number: int
    piece: bytes

    def encode(self) -> bytes:
        head = bytes((SET_REQUEST, NEXT_BLOCK, self.invoke))
        return head + _block(self.last, self.number, self.piece)


@dataclass(frozen=True, slots=True)
class SetResponse:
    """What became of a SET: of a whole one (`block` None) or of the one that ended with `block`."""

    invoke: int
    result: DataAccess
    block: int | None = None

    def encode(self) -> bytes:
        if self.block is None:
            return bytes((SET_RESPONSE, NORMAL, self.invoke, self.result))
        head = bytes((SET_RESPONSE, ACK_LAST_BLOCK, self.invoke, self.result))
        return head + self.block.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class SetBlockTaken:
    """Block `number` arrived; send the next."""

    invoke: int
    number: int

    def encode(self) -> bytes:
        return bytes((SET_RESPONSE, ACK_BLOCK, self.invoke)) + self.number.to_bytes(4, "big")


AnySetRequest: TypeAlias = SetRequest | SetFirstBlock | SetNextBlock


def decode_set_request(apdu: bytes) -> AnySetRequest:
    """Any SET.request but with-list; GarbledError for everything else."""
    cursor, choice, invoke = opened(apdu, SET_REQUEST, "SET request")
    if choice == NEXT_BLOCK:
        return SetNextBlock(invoke, cursor.flag(), cursor.u32(), cursor.octets())
    if choice not in (NORMAL, FIRST_BLOCK):
        raise cursor.wrong(f"choice {choice}")
    attribute, selection = read_attribute(cursor), read_selection(cursor)
    if choice == NORMAL:
        return SetRequest(invoke, attribute, selection, cursor.rest())
    last, number, piece = cursor.flag(), cursor.u32(), cursor.octets()
    return SetFirstBlock(invoke, attribute, selection, last, number, piece)


def decode_set_response(apdu: bytes) -> SetResponse | SetBlockTaken:
    """Any SET.response but with-list; GarbledError for everything else."""
    cursor, choice, invoke = opened(apdu, SET_RESPONSE, "SET response")
    if choice == ACK_BLOCK:
        return SetBlockTaken(invoke, cursor.u32())
    if choice not in (NORMAL, ACK_LAST_BLOCK):
        raise cursor.wrong(f"choice {choice}")
    result = known(DataAccess, cursor.u8(), "SET response")
    response = SetResponse(invoke, result, None if choice == NORMAL else cursor.u32())
    cursor.end()
    return response


def _block(last: bool, number: int, piece: bytes) -> bytes:
    return bytes((last,)) + number.to_bytes(4, "big") + octets(piece)
