"""Keys at meters and concentrators: handed over wrapped, never in clear (companion profile 2, 3).

No value of a key, wrapped or not, stands in a repr.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import ClassVar

from devices.drivers.duties.base import By, Change, Duty


class KeyId(IntEnum):
    """Key ids of key_transfer (Blue Book, class 64)."""

    ENCRYPTION = 0  # guek
    AUTHENTICATION = 2  # gak
    MASTER = 3  # KEK


class KeySet(StrEnum):
    """Which of the sets we know a device holds; they are tried in this order (profile 2)."""

    NEW = "new"
    ACTIVE = "active"
    PUBLIC = "public"  # its model's, the same in every new meter
    PASSWORD = "password"  # noqa: S105 - no key at all: of a concentrator, for its commissioning


class KeyUse(IntEnum):
    """What a concentrator does with the keys it is given for a meter (profile 3.4, command 5)."""

    CURRENT = 0
    NEXT = 1
    DROP_OLD = 2


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """24 bytes under a master key (RFC 3394)."""

    key: KeyId
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TransferKeys(Change):
    """key_transfer, one ACTION; the keys are valid from the next association."""

    keys: tuple[WrappedKey, ...]


@dataclass(frozen=True, slots=True)
class TransferConcentratorKeys(TransferKeys):
    """The same to the concentrator itself."""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class PostMeterKeys(Change):
    """Mailbox command 5: a meter's pair for its concentrator, wrapped under the concentrator's
    master; no keys with DROP_OLD."""

    by: ClassVar[By] = By.CONCENTRATOR

    job: int
    mac: bytes
    use: KeyUse
    keys: tuple[WrappedKey, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadMutualAuthentication(Duty):
    """-> MutualAuthentication"""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class MutualAuthentication:
    """Whether the concentrator wants it, and for which user (profile 3.1)."""

    is_on: bool
    user: str


@dataclass(frozen=True, slots=True)
class SetMutualAuthentication(Change):
    """Switched on; `secret` is the user's, wrapped under the concentrator's master."""

    by: ClassVar[By] = By.CONCENTRATOR

    user: str
    secret: bytes = field(repr=False)
