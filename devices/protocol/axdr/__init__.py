"""A-XDR encoding of COSEM common data types (IEC 62056-6-2, clause 4; IEC 61334-6).

Decoded values keep their wire type, so that `encode(decode(x)) == x`: integers are `U8` ... `I64`
(subclasses of int), an array is a list, a structure a tuple, an octet-string plain bytes. Only a
compact-array comes back as a list and is encoded as an ordinary array.
"""

from devices.protocol.axdr.codec import decode, decode_all, encode
from devices.protocol.axdr.lengths import (
    MAX_OCTETS,
    length_bytes,
    octets,
    read_length,
    read_octets,
    take,
)
from devices.protocol.axdr.types import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    MAX_DEPTH,
    MAX_ELEMENTS,
    U8,
    U16,
    U32,
    U64,
    Bcd,
    BitString,
    Data,
    Date,
    DateTime,
    Enum,
    Time,
    Utf8,
    Visible,
)

__all__ = [
    "F32", "F64", "I8", "I16", "I32", "I64", "MAX_DEPTH", "MAX_ELEMENTS", "MAX_OCTETS", "U8",
    "U16", "U32", "U64", "Bcd", "BitString", "Data", "Date", "DateTime", "Enum", "Time", "Utf8",
    "Visible", "decode", "decode_all", "encode", "length_bytes", "octets", "read_length",
    "read_octets", "take",
]  # fmt: skip
