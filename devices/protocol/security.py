"""Security suite 0 (IEC 62056-5-3, clause 5): AES-GCM-128 with 12-byte tags, GMAC, key wrap.

Nonce = sender's system title (8) + invocation counter (4). Counters are never invented here: every
GCM operation of ours draws one from `next_counter`, which the caller has reserved durably.
"""

import hmac
from collections.abc import Callable
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from devices.protocol.axdr import octets
from devices.protocol.cursor import Cursor
from devices.protocol.errors import CipherError, CounterError, GarbledError, ProtocolError

AUTHENTICATED, AUTHENTICATED_ENCRYPTED = 0x10, 0x30
TAG_SIZE, TITLE_SIZE, KEY_SIZE, SIGNATURE_SIZE = 12, 8, 16, 17
OVERHEAD = 21
"""Bytes a glo-APDU adds: tag, length (at most 3), security control, counter, GCM tag."""
GENERAL_OVERHEAD = OVERHEAD + 1 + TITLE_SIZE


class Wrapping:
    """One way to name ciphered APDUs: a tag of its own for each service, and a general one."""

    __slots__ = ("clear", "general", "tags")

    def __init__(self, initiate: int, service: int, general: int) -> None:
        """`initiate` and `service` are added to the clear tags of the two groups."""
        self.tags = {
            **{tag: tag + initiate for tag in (0x01, 0x08)},
            **{tag: tag + service for tag in (0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7)},
        }
        self.clear = {ciphered: clear for clear, ciphered in self.tags.items()}
        self.general = general

    def has(self, tag: int) -> bool:
        """Whether an APDU with this tag is one of ours."""
        return tag == self.general or tag in self.clear


GLOBAL = Wrapping(0x20, 0x08, 0xDB)
"""Under the global unicast key: glo-initiate 21, glo-get C8 ..., general-glo DB."""
DEDICATED = Wrapping(0x40, 0x10, 0xDC)
"""Under the key of one association: ded-get D0, ded-set D1, ded-action D3 ..., general-ded DC."""
SERVICES = frozenset(GLOBAL.tags)
"""The clear tags that travel ciphered."""


class Keys:
    """An encryption key and the authentication key, 16 bytes each; never printed."""

    __slots__ = ("_authentication", "_cipher", "_encryption")

    def __init__(self, encryption: bytes, authentication: bytes) -> None:
        if len(encryption) != KEY_SIZE or len(authentication) != KEY_SIZE:
            raise ProtocolError(f"keys of suite 0 have {KEY_SIZE} bytes")
        self._encryption = algorithms.AES(encryption)
        self._cipher = AESGCM(encryption)
        self._authentication = authentication

    def __repr__(self) -> str:
        return "Keys(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not pickled")

    def dedicated(self, encryption: bytes) -> "Keys":
        """The keys of an association that agreed on an encryption key of its own."""
        return Keys(encryption, self._authentication)

    def encrypt(self, nonce: bytes, control: int, plain: bytes) -> bytes:
        """Cipher text and tag."""
        associated = bytes((control,)) + self._authentication
        return self._cipher.encrypt(nonce, plain, associated)[: TAG_SIZE - 16]

    def decrypt(self, nonce: bytes, control: int, ciphered: bytes) -> bytes:
        """Plain text; CipherError when the tag does not fit."""
        text, tag = ciphered[:-TAG_SIZE], ciphered[-TAG_SIZE:]
        if len(tag) != TAG_SIZE:
            raise CipherError("ciphered APDU shorter than its tag")
        mode = modes.GCM(nonce, tag, min_tag_length=TAG_SIZE)
        opener = Cipher(self._encryption, mode).decryptor()
        opener.authenticate_additional_data(bytes((control,)) + self._authentication)
        try:
            return opener.update(text) + opener.finalize()
        except InvalidTag:
            raise CipherError("ciphered APDU does not open") from None

    def gmac(self, nonce: bytes, challenge: bytes) -> bytes:
        """Tag over security control, authentication key and challenge (passes 3 and 4)."""
        associated = bytes((AUTHENTICATED,)) + self._authentication + challenge
        return self._cipher.encrypt(nonce, b"", associated)[:TAG_SIZE]


class Sealer:
    """Our side of a protected association: every operation draws a counter of its own."""

    def __init__(
        self,
        keys: Keys,
        title: bytes,
        next_counter: Callable[[], int],
        wrapping: Wrapping = GLOBAL,
    ) -> None:
        if len(title) != TITLE_SIZE:
            raise ProtocolError(f"a system title has {TITLE_SIZE} bytes")
        self._keys = keys
        self._title = title
        self._next_counter = next_counter
        self._wrapping = wrapping

    def dedicated(self, key: bytes) -> "Sealer":
        """The same side under a key of this association alone; counters go on as they were."""
        return Sealer(self._keys.dedicated(key), self._title, self._next_counter, DEDICATED)

    def seal(self, apdu: bytes, general: bool = False) -> bytes:
        """`apdu` as its ciphered APDU, or as the general one."""
        counter = self._next_counter().to_bytes(4, "big")
        ciphered = self._keys.encrypt(self._title + counter, AUTHENTICATED_ENCRYPTED, apdu)
        body = octets(bytes((AUTHENTICATED_ENCRYPTED,)) + counter + ciphered)
        if general:
            return bytes((self._wrapping.general,)) + octets(self._title) + body
        return bytes((self._wrapping.tags[apdu[0]],)) + body

    def sign(self, challenge: bytes) -> bytes:
        """Security control, counter and GMAC over the peer's challenge."""
        counter = self._next_counter().to_bytes(4, "big")
        mac = self._keys.gmac(self._title + counter, challenge)
        return bytes((AUTHENTICATED,)) + counter + mac


class Opener:
    """The peer's side of a protected association: what it seals, and that its counter rises."""

    def __init__(
        self, keys: Keys, title: bytes, counter: int = -1, wrapping: Wrapping = GLOBAL
    ) -> None:
        if len(title) != TITLE_SIZE:
            raise GarbledError(f"system title of {len(title)} bytes")
        self._keys = keys
        self._title = title
        self._wrapping = wrapping
        self._before = counter
        self.counter = counter
        """Last counter accepted from the peer."""

    def dedicated(self, key: bytes) -> "Opener":
        """The same peer under a key of this association alone; its counters may begin anew."""
        return Opener(self._keys.dedicated(key), self._title, -1, DEDICATED)

    def opens(self, tag: int) -> bool:
        """Whether an APDU with this tag is for this opener."""
        return self._wrapping.has(tag)

    def open(self, apdu: bytes) -> bytes:
        """The clear APDU inside a ciphered one.

        Raises CipherError when it does not open, CounterError when its counter did not rise,
        GarbledError when it is not ciphered at all.
        """
        cursor = Cursor(apdu, "ciphered APDU")
        tag = cursor.u8()
        if not self._wrapping.has(tag):
            raise cursor.wrong(f"tag {tag:02X} in a protected association")
        if tag == self._wrapping.general and cursor.octets() != self._title:
            raise CipherError("general ciphering by another system title")
        body = cursor.octets()
        cursor.end()
        plain = self._open_body(body)
        if not plain or self._wrapping.clear.get(tag, plain[0]) != plain[0]:
            raise cursor.wrong(f"tag {tag:02X} around another service")
        return plain

    def verify(self, signature: bytes, challenge: bytes, lenient: bool = False) -> bool:
        """Whether the peer signed our challenge, in the APDU just opened, under a fresh counter.

        `lenient` lets it share the counter of that APDU (dlms-cosem 21.3.2 does).
        """
        if len(signature) != SIGNATURE_SIZE or signature[0] != AUTHENTICATED:
            return False
        mac = self._keys.gmac(self._title + signature[1:5], challenge)
        if not hmac.compare_digest(mac, signature[5:]):
            return False
        counter = int.from_bytes(signature[1:5], "big")
        if counter <= self._before or (counter == self.counter and not lenient):
            raise CounterError(f"signature counter {counter} was used before")
        self.counter = max(counter, self.counter)
        return True

    def _open_body(self, body: bytes) -> bytes:
        if body[:1] != bytes((AUTHENTICATED_ENCRYPTED,)) or len(body) < 5 + TAG_SIZE:
            raise CipherError("APDU is not authenticated and encrypted by suite 0")
        plain = self._keys.decrypt(self._title + body[1:5], body[0], body[5:])
        counter = int.from_bytes(body[1:5], "big")
        if counter <= self.counter:
            raise CounterError(f"counter {counter} after {self.counter}")
        self._before, self.counter = self.counter, counter
        return plain


def wrap_key(master: bytes, key: bytes) -> bytes:
    """`key` wrapped under `master` (RFC 3394), 24 bytes."""
    return keywrap.aes_key_wrap(master, key)


def unwrap_key(master: bytes, wrapped: bytes) -> bytes:
    """The key inside; CipherError when it was wrapped under another master or changed."""
    try:
        return keywrap.aes_key_unwrap(master, wrapped)
    except (keywrap.InvalidUnwrap, ValueError):
        raise CipherError("wrapped key does not open") from None
