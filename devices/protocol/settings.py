"""What a client needs to know before it associates."""

from dataclasses import dataclass, field

from devices.protocol.association import Mechanism
from devices.protocol.errors import ProtocolError
from devices.protocol.gateway import GatewayAddress
from devices.protocol.security import KEY_SIZE, Keys

MIN_PDU = 128
"""Devices that take less are not served; every single request of ours fits."""
MIN_CHALLENGE, MAX_CHALLENGE = 8, 64


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How to associate, and what is known of the device.

    `secret` is the LLS password; `keys` make the association a ciphered one and need our `title`.
    `challenge` (HLS) must be fresh random bytes; so must `dedicated_key`, which then ciphers this
    association alone. `server_title` and `server_counter` are what earlier sessions saw (None and
    -1 for nothing).
    """

    client: int = 1
    server: int = 1
    mechanism: Mechanism = Mechanism.NONE
    secret: bytes | None = field(default=None, repr=False)
    keys: Keys | None = None
    title: bytes | None = None
    challenge: bytes | None = field(default=None, repr=False)
    max_pdu: int = 16_384
    gateway: GatewayAddress | None = None
    server_title: bytes | None = None
    server_counter: int = -1
    dedicated_key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.mechanism is Mechanism.LLS and not self.secret:
            raise ProtocolError("LLS needs a secret")
        if self.keys is not None and self.title is None:
            raise ProtocolError("a ciphered association needs our system title")
        if self.dedicated_key and (self.keys is None or len(self.dedicated_key) != KEY_SIZE):
            raise ProtocolError(f"a dedicated key has {KEY_SIZE} bytes and travels ciphered")
        if self.mechanism is Mechanism.HLS5_GMAC:
            self._check_hls()

    def _check_hls(self) -> None:
        if self.keys is None or not self.challenge:
            raise ProtocolError("HLS5 needs keys and a challenge")
        if not MIN_CHALLENGE <= len(self.challenge) <= MAX_CHALLENGE:
            raise ProtocolError(f"a challenge has {MIN_CHALLENGE} to {MAX_CHALLENGE} bytes")
