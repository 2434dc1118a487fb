"""RLRQ and RLRE (IEC 62056-5-3, ACSE). User information is accepted and not looked at: it carries
nothing that a release needs."""

from dataclasses import dataclass

from devices.protocol.apdu.names import RELEASE_REQUEST, RELEASE_RESPONSE
from devices.protocol.cursor import Cursor

_REASON = 0x80


@dataclass(frozen=True, slots=True)
class Release:
    """A request or response to release; reason 0 = normal, None = not given."""

    is_request: bool
    reason: int | None = 0

    def encode(self) -> bytes:
        tag = RELEASE_REQUEST if self.is_request else RELEASE_RESPONSE
        if self.reason is None:
            return bytes((tag, 0))
        return bytes((tag, 3, _REASON, 1, self.reason))


def decode_release(apdu: bytes) -> Release:
    """62 or 63 with its fields; GarbledError for everything else."""
    cursor = Cursor(apdu, "release")
    tag = cursor.u8()
    if tag not in (RELEASE_REQUEST, RELEASE_RESPONSE):
        raise cursor.wrong(f"tag {tag:02X}")
    inner = Cursor(cursor.octets(), "release")
    cursor.end()
    reason: int | None = None
    while not inner.at_end:
        field, body = inner.u8(), inner.octets()
        if field == _REASON and body:
            reason = body[0]
    return Release(tag == RELEASE_REQUEST, reason)
