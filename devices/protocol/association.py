"""AARQ, AARE (BER, ACSE) and the xDLMS initiate that travels in them (IEC 62056-5-3)."""

from dataclasses import dataclass, field
from enum import IntEnum

from devices.protocol.axdr import octets
from devices.protocol.cursor import Cursor
from devices.protocol.errors import AssociationResult, GarbledError, known

AARQ, AARE = 0x60, 0x61
INITIATE_REQUEST, INITIATE_RESPONSE = 0x01, 0x08
LN_CLEAR, LN_CIPHERED = 1, 3
DEDICATED_KEY_SIZE = 16

CLIENT_CONFORMANCE = 0x401E1D
"""General protection, blocks with get/set/action, multiple references, get, set, selective
access, action (companion profile 1)."""
PUBLIC_CONFORMANCE = 0x001E1D
"""The same without general protection."""

NO_REASON, CONTEXT_NOT_SUPPORTED, MECHANISM_NOT_RECOGNISED = 1, 2, 11
AUTHENTICATION_FAILURE, AUTHENTICATION_REQUIRED = 13, 14
"""Diagnostics of an AARE (acse-service-user)."""

_OBJECT_ID = bytes.fromhex("608574 0508".replace(" ", ""))
_CONTEXT, _MECHANISM = b"\x01", b"\x02"
_CONFORMANCE_TAG = bytes.fromhex("5F1F0400")
_VERSION = 6
_VAA_NAME = bytes.fromhex("0007")


class Mechanism(IntEnum):
    """Authentication mechanism; the last number of its object identifier."""

    NONE = 0
    LLS = 1
    HLS5_GMAC = 5


@dataclass(frozen=True, slots=True)
class Initiate:
    """What both sides propose: services (24 bits) and the longest APDU the sender takes.

    `dedicated_key` is the client's for this association alone; it travels ciphered or not at all.
    """

    conformance: int
    max_pdu: int
    dedicated_key: bytes = field(default=b"", repr=False)

    def request(self) -> bytes:
        """InitiateRequest."""
        key = b"\x01" + octets(self.dedicated_key) if self.dedicated_key else b"\x00"
        return bytes((INITIATE_REQUEST,)) + key + b"\x00\x00" + self._body()

    def response(self) -> bytes:
        """InitiateResponse for logical-name referencing."""
        return bytes((INITIATE_RESPONSE, 0)) + self._body() + _VAA_NAME

    def _body(self) -> bytes:
        conformance = _CONFORMANCE_TAG + self.conformance.to_bytes(3, "big")
        return bytes((_VERSION,)) + conformance + self.max_pdu.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """An AARQ. `secret` is the LLS password or the HLS challenge; never printed."""

    ciphered: bool
    mechanism: Mechanism
    initiate: bytes
    title: bytes | None = None
    secret: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        fields = [_tlv(0xA1, _context(self.ciphered))]
        if self.title is not None:
            fields.append(_tlv(0xA6, b"\x04" + octets(self.title)))
        if self.mechanism is not Mechanism.NONE:
            fields.append(b"\x8a\x02\x07\x80" + _mechanism(0x8B, self.mechanism))
            fields.append(_tlv(0xAC, b"\x80" + octets(self.secret or b"")))
        fields.append(_tlv(0xBE, b"\x04" + octets(self.initiate)))
        return _tlv(AARQ, b"".join(fields))


@dataclass(frozen=True, slots=True)
class AssociationResponse:
    """An AARE. `initiate` is what its user information holds, maybe ciphered, maybe nothing."""

    ciphered: bool
    result: AssociationResult
    diagnostic: int
    initiate: bytes = b""
    title: bytes | None = None
    challenge: bytes | None = None

    def encode(self) -> bytes:
        fields = [
            _tlv(0xA1, _context(self.ciphered)),
            bytes((0xA2, 3, 2, 1, self.result, 0xA3, 5, 0xA1, 3, 2, 1, self.diagnostic)),
        ]
        if self.title is not None:
            fields.append(_tlv(0xA4, b"\x04" + octets(self.title)))
        if self.challenge is not None:
            fields.append(b"\x88\x02\x07\x80" + _mechanism(0x89, Mechanism.HLS5_GMAC))
            fields.append(_tlv(0xAA, b"\x80" + octets(self.challenge)))
        if self.initiate:
            fields.append(_tlv(0xBE, b"\x04" + octets(self.initiate)))
        return _tlv(AARE, b"".join(fields))


def rejection(result: AssociationResult, diagnostic: int, ciphered: bool = False) -> bytes:
    """An AARE that refuses; transient (with diagnostic 1) says busy."""
    return AssociationResponse(ciphered, result, diagnostic).encode()


def decode_request(apdu: bytes) -> AssociationRequest:
    """An AARQ; fields that change nothing here are skipped."""
    fields = _fields(apdu, AARQ, "AARQ")
    secret = fields.get(0xAC)
    return AssociationRequest(
        ciphered=_read_context(fields),
        mechanism=_read_mechanism(fields.get(0x8B)),
        initiate=_inner(fields.get(0xBE, b""), 0x04),
        title=_inner(fields[0xA6], 0x04) if 0xA6 in fields else None,
        secret=None if secret is None else _inner(secret, 0x80),
    )


def decode_response(apdu: bytes) -> AssociationResponse:
    """An AARE; fields that change nothing here are skipped."""
    fields = _fields(apdu, AARE, "AARE")
    return AssociationResponse(
        ciphered=_read_context(fields),
        result=known(AssociationResult, _read_integer(fields.get(0xA2, b"")), "AARE result"),
        diagnostic=_read_diagnostic(fields.get(0xA3, b"")),
        initiate=_inner(fields.get(0xBE, b""), 0x04),
        title=_inner(fields[0xA4], 0x04) if 0xA4 in fields else None,
        challenge=_inner(fields[0xAA], 0x80) if 0xAA in fields else None,
    )


def decode_initiate(apdu: bytes) -> Initiate:
    """Either InitiateRequest or InitiateResponse."""
    cursor = Cursor(apdu, "initiate")
    tag, key = cursor.u8(), b""
    if tag not in (INITIATE_REQUEST, INITIATE_RESPONSE):
        raise cursor.wrong(f"tag {tag:02X}")
    if tag == INITIATE_REQUEST:
        key = _dedicated_key(cursor)
        if cursor.flag():
            cursor.u8()
    if cursor.flag():
        cursor.u8()
    if cursor.u8() != _VERSION or cursor.take(4) != _CONFORMANCE_TAG:
        raise cursor.wrong("not DLMS version 6 with its conformance block")
    return Initiate(int.from_bytes(cursor.take(3), "big"), cursor.u16(), key)


def _dedicated_key(cursor: Cursor) -> bytes:
    key = cursor.octets() if cursor.flag() else b""
    if len(key) not in (0, DEDICATED_KEY_SIZE):
        raise cursor.wrong(f"dedicated key of {len(key)} bytes")
    return key


def _tlv(tag: int, body: bytes) -> bytes:
    return bytes((tag,)) + octets(body)


def _context(ciphered: bool) -> bytes:
    number = LN_CIPHERED if ciphered else LN_CLEAR
    return _tlv(6, _OBJECT_ID + _CONTEXT + bytes((number,)))


def _mechanism(tag: int, mechanism: Mechanism) -> bytes:
    return _tlv(tag, _OBJECT_ID + _MECHANISM + bytes((mechanism,)))


def _fields(apdu: bytes, tag: int, name: str) -> dict[int, bytes]:
    cursor = Cursor(apdu, name)
    if cursor.u8() != tag:
        raise cursor.wrong(f"tag {apdu[0]:02X}")
    inner = Cursor(cursor.octets(), name)
    cursor.end()
    fields: dict[int, bytes] = {}
    while not inner.at_end:
        field_tag = inner.u8()
        fields[field_tag] = inner.octets()
    return fields


def _inner(body: bytes, tag: int) -> bytes:
    if not body:
        return b""
    cursor = Cursor(body, "association field")
    if cursor.u8() != tag:
        raise cursor.wrong(f"tag {body[0]:02X} instead of {tag:02X}")
    return cursor.octets()


def _read_context(fields: dict[int, bytes]) -> bool:
    name = _inner(fields.get(0xA1, b""), 6)
    if name[:-1] != _OBJECT_ID + _CONTEXT or name[-1] not in (LN_CLEAR, LN_CIPHERED):
        raise GarbledError("association: no logical-name context")
    return name[-1] == LN_CIPHERED


def _read_mechanism(name: bytes | None) -> Mechanism:
    if name is None:
        return Mechanism.NONE
    if name[:-1] != _OBJECT_ID + _MECHANISM:
        raise GarbledError("association: unknown mechanism name")
    return known(Mechanism, name[-1], "association")


def _read_integer(body: bytes) -> int:
    number = _inner(body, 2)
    if len(number) != 1:
        raise GarbledError("association: result missing")
    return number[0]


def _read_diagnostic(body: bytes) -> int:
    if body[:1] not in (b"\xa1", b"\xa2"):
        raise GarbledError("association: diagnostic missing")
    return _read_integer(_inner(body, body[0]))
