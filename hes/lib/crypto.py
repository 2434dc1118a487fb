"""Seal device keys at rest: AES-256-GCM bound to its place, data keys wrapped by a master (D16).

Key values stand in no repr, message or exception. Knows nothing of the database.
"""

import hmac
import os
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hes.domain.errors import HesError

KEY_BYTES = 32
NONCE_BYTES = 12
_WRAPPING = b"hes data key"


class Unsealable(HesError):
    """A sealed value that does not open: another key, another place, or altered bytes."""


class Kms(Protocol):
    """The keeper of the master key. A vault takes the place of `LocalKms` by these three."""

    @property
    def name(self) -> str:
        """Which master key this is; stored beside what it wrapped."""

    def wrap(self, key: bytes) -> bytes:
        """The data key as it may be stored."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key again; raises Unsealable for another master key or altered bytes."""


class SealingKey:
    """An AES-256-GCM key that binds what it seals to a context (associated data)."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)

    def seal(self, value: bytes, context: bytes) -> bytes:
        """Random nonce (12 bytes) and sealed value; opens only with the same context."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The value again; raises Unsealable when key, context or bytes differ."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise Unsealable("a sealed value does not open with this key in this place") from None


@dataclass(frozen=True, slots=True)
class LocalKms:
    """A master key held by this process (HES_MASTER_KEY): tests and small sites."""

    master: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """`local:` and eight digits that tell masters apart without telling anything of them."""
        return f"local:{fingerprint(self.master, b'name').hex()[:8]}"

    def wrap(self, key: bytes) -> bytes:
        return SealingKey(self.master).seal(key, _WRAPPING)

    def unwrap(self, wrapped: bytes) -> bytes:
        return SealingKey(self.master).open(wrapped, _WRAPPING)


def random_key() -> bytes:
    """A fresh 32-byte key."""
    return os.urandom(KEY_BYTES)


def fingerprint(key: bytes, value: bytes) -> bytes:
    """HMAC-SHA256: the same for equal values, and of no use without the key."""
    return hmac.digest(key, value, "sha256")


def concentrator_keys(k2: bytes, serial: str) -> tuple[bytes, bytes]:
    """Encryption and authentication key (guek, gak) of a concentrator, 16 bytes each.

    *Assumed*: the documents provision only `k2_password` (002, template 6); until mutual
    authentication hands over the device's own pair, both sides derive it by HKDF-SHA256.
    """
    return _derived(k2, f"guek{serial}"), _derived(k2, f"gak{serial}")


def _derived(k2: bytes, info: str) -> bytes:
    return HKDF(SHA256(), length=16, salt=None, info=info.encode("ascii")).derive(k2)
