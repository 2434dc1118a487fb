"""Python kinds of the COSEM common data types, and the bounds of what is decoded."""

from collections.abc import Sequence
from typing import TypeAlias

MAX_DEPTH = 16
MAX_ELEMENTS = 20_000

NULL, ARRAY, STRUCTURE, BIT_STRING, OCTET_STRING = 0, 1, 2, 4, 9
VISIBLE_STRING, UTF8_STRING, COMPACT_ARRAY = 10, 12, 19

Data: TypeAlias = bool | int | float | bytes | str | Sequence["Data"] | None


class U8(int):
    """unsigned (17)"""


class U16(int):
    """long-unsigned (18)"""


class U32(int):
    """double-long-unsigned (6)"""


class U64(int):
    """long64-unsigned (21)"""


class I8(int):
    """integer (15)"""


class I16(int):
    """long (16)"""


class I32(int):
    """double-long (5)"""


class I64(int):
    """long64 (20)"""


class Enum(int):
    """enum (22)"""


class Bcd(int):
    """bcd (13), the raw byte"""


class F32(float):
    """float32 (23)"""


class F64(float):
    """float64 (24)"""


class Visible(str):
    """visible-string (10)"""

    __slots__ = ()


class Utf8(str):
    """utf8-string (12)"""

    __slots__ = ()


class BitString(str):
    """bit-string (4) as text of 0 and 1, first bit first"""

    __slots__ = ()


class DateTime(bytes):
    """date-time (25), 12 bytes; see devices.protocol.clock"""


class Date(bytes):
    """date (26), 5 bytes"""


class Time(bytes):
    """time (27), 4 bytes"""


# tag -> (struct code, kind)
NUMBERS: dict[int, tuple[str, type[int] | type[float]]] = {
    3: ("?", bool), 5: ("i", I32), 6: ("I", U32), 13: ("B", Bcd), 15: ("b", I8), 16: ("h", I16),
    17: ("B", U8), 18: ("H", U16), 20: ("q", I64), 21: ("Q", U64), 22: ("B", Enum),
    23: ("f", F32), 24: ("d", F64),
}  # fmt: skip
# tag -> (size, kind)
STAMPS: dict[int, tuple[int, type[bytes]]] = {25: (12, DateTime), 26: (5, Date), 27: (4, Time)}
# tag -> kind
STRINGS: dict[int, type[bytes] | type[str]] = {
    BIT_STRING: BitString, OCTET_STRING: bytes, VISIBLE_STRING: Visible, UTF8_STRING: Utf8,
}  # fmt: skip
