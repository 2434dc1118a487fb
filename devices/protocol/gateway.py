"""Gateway prefix (IEC 62056-5-3): E6 before a request to a node behind a concentrator, E7 before
that node's answer; network id, address length, physical device address, then the APDU.

It stands inside the wrapper and outside the ciphering, on every APDU from AARQ to RLRQ.
"""

from dataclasses import dataclass

from devices.protocol.errors import GarbledError

REQUEST, RESPONSE = 0xE6, 0xE7


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """A node: its physical device address (a meter: the 6 bytes of the MAC) in a network."""

    physical: bytes
    network: int = 0

    def request(self, apdu: bytes) -> bytes:
        """`apdu` on its way to the node."""
        return self._prefixed(REQUEST, apdu)

    def response(self, apdu: bytes) -> bytes:
        """`apdu` on its way from the node."""
        return self._prefixed(RESPONSE, apdu)

    def _prefixed(self, mark: int, apdu: bytes) -> bytes:
        return bytes((mark, self.network, len(self.physical))) + self.physical + apdu


def split(payload: bytes, mark: int) -> tuple[GatewayAddress | None, bytes]:
    """Address and APDU of a payload with the prefix `mark`; (None, payload) without one."""
    if payload[:1] != bytes((mark,)):
        return None, payload
    if len(payload) < 3 or len(payload) <= 3 + payload[2]:
        raise GarbledError(f"gateway prefix cut in {len(payload)} bytes")
    end = 3 + payload[2]
    return GatewayAddress(payload[3:end], payload[1]), payload[end:]
