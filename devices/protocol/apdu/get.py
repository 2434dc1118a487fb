"""GET service (IEC 62056-5-3): normal, next block, with-list; both directions.

Values stay encoded bytes here: a long answer is decoded as a stream elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from devices.protocol.apdu.names import (
    GET_REQUEST,
    GET_RESPONSE,
    Attribute,
    opened,
    read_attribute,
    write_name,
)
from devices.protocol.axdr import Data, encode, length_bytes, octets
from devices.protocol.cursor import Cursor
from devices.protocol.errors import DataAccess, known
from devices.protocol.selective import Selection, read_selection, write_selection

NORMAL, NEXT, LIST = 1, 2, 3
MAX_LIST = 255
NORMAL_HEADER, BLOCK_HEADER = 4, 12
"""Bytes of a response around its value; a block counts its own in up to three bytes."""

Wanted: TypeAlias = tuple[Attribute, Selection | None]


@dataclass(frozen=True, slots=True)
class GetRequest:
    """One attribute, whole or by selection."""

    invoke: int
    attribute: Attribute
    selection: Selection | None = None

    def encode(self) -> bytes:
        wanted = write_name(self.attribute) + write_selection(self.selection)
        return bytes((GET_REQUEST, NORMAL, self.invoke)) + wanted


@dataclass(frozen=True, slots=True)
class GetNext:
    """The block after `block`, the last one received."""

    invoke: int
    block: int

    def encode(self) -> bytes:
        return bytes((GET_REQUEST, NEXT, self.invoke)) + self.block.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class GetListRequest:
    """Several attributes at once."""

    invoke: int
    wanted: tuple[Wanted, ...]

    def encode(self) -> bytes:
        parts = (write_name(name) + write_selection(how) for name, how in self.wanted)
        head = bytes((GET_REQUEST, LIST, self.invoke)) + length_bytes(len(self.wanted))
        return head + b"".join(parts)


@dataclass(frozen=True, slots=True)
class GetResponse:
    """The answer in one piece: encoded value or the reason why not."""

    invoke: int
    result: bytes | DataAccess

    def encode(self) -> bytes:
        return bytes((GET_RESPONSE, NORMAL, self.invoke)) + _result(self.result)


@dataclass(frozen=True, slots=True)
class GetBlock:
    """One block of a long answer: raw bytes, or the reason why the transfer ended."""

    invoke: int
    last: bool
    number: int
    result: bytes | DataAccess

    def encode(self) -> bytes:
        head = bytes((GET_RESPONSE, NEXT, self.invoke, self.last)) + self.number.to_bytes(4, "big")
        if isinstance(self.result, DataAccess):
            return head + bytes((1, self.result))
        return head + b"\x00" + octets(self.result)


@dataclass(frozen=True, slots=True)
class GetListResponse:
    """One decoded value or reason per wanted attribute, in order."""

    invoke: int
    results: tuple[Data | DataAccess, ...]

    def encode(self) -> bytes:
        head = bytes((GET_RESPONSE, LIST, self.invoke))
        return head + list_body(
            [r if isinstance(r, DataAccess) else encode(r) for r in self.results]
        )


def list_body(results: Sequence[bytes | DataAccess]) -> bytes:
    """Count and encoded results of a with-list answer; what its blocks carry when it is long."""
    return length_bytes(len(results)) + b"".join(map(_result, results))


def read_list_body(cursor: Cursor) -> tuple[Data | DataAccess, ...]:
    """The counterpart of `list_body`, values decoded."""
    results = tuple(_read_result(cursor) for _ in range(_count(cursor)))
    cursor.end()
    return results


def decode_get_request(apdu: bytes) -> GetRequest | GetNext | GetListRequest:
    """Any GET.request; GarbledError for everything else."""
    cursor, choice, invoke = opened(apdu, GET_REQUEST, "GET request")
    if choice == NORMAL:
        request = GetRequest(invoke, read_attribute(cursor), read_selection(cursor))
        cursor.end()
        return request
    if choice == NEXT:
        return GetNext(invoke, cursor.u32())
    if choice == LIST:
        count = range(_count(cursor))
        wanted = tuple((read_attribute(cursor), read_selection(cursor)) for _ in count)
        cursor.end()
        return GetListRequest(invoke, wanted)
    raise cursor.wrong(f"choice {choice}")


def decode_get_response(apdu: bytes) -> GetResponse | GetBlock | GetListResponse:
    """Any GET.response; GarbledError for everything else."""
    cursor, choice, invoke = opened(apdu, GET_RESPONSE, "GET response")
    if choice == NORMAL:
        if cursor.flag():
            return GetResponse(invoke, _read_reason(cursor))
        return GetResponse(invoke, cursor.rest())
    if choice == NEXT:
        return _read_block(cursor, invoke)
    if choice == LIST:
        return GetListResponse(invoke, read_list_body(cursor))
    raise cursor.wrong(f"choice {choice}")


def _read_block(cursor: Cursor, invoke: int) -> GetBlock:
    last, number = cursor.flag(), cursor.u32()
    result = _read_reason(cursor) if cursor.flag() else cursor.octets()
    cursor.end()
    return GetBlock(invoke, last, number, result)


def _count(cursor: Cursor) -> int:
    count = cursor.length()
    if count > MAX_LIST:
        raise cursor.wrong(f"list of {count} attributes")
    return count


def _result(result: bytes | DataAccess) -> bytes:
    if isinstance(result, DataAccess):
        return bytes((1, result))
    return b"\x00" + result


def _read_result(cursor: Cursor) -> Data | DataAccess:
    return _read_reason(cursor) if cursor.flag() else cursor.value()


def _read_reason(cursor: Cursor) -> DataAccess:
    return known(DataAccess, cursor.u8(), "GET response")
