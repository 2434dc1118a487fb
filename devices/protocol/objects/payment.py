"""Classes 111, account, 112, credit, and 115, token gateway (IEC 62056-6-2), and our token.

The token is ours (companion profile 4.2, *assumed*): `01`, transaction u64, amount i32 in Wh.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from devices.protocol.errors import ProtocolError
from devices.protocol.objects.base import CosemObject


class Account(CosemObject):
    """How the customer pays: mode 1 credit, 2 prepayment; status 2 active."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 111
    MODE_AND_STATUS: ClassVar[int] = 2
    AVAILABLE_CREDIT: ClassVar[int] = 5


class CreditObject(CosemObject):
    """An amount of energy paid for, in Wh; its method update_amount has no identity: not used."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 112
    CURRENT_AMOUNT: ClassVar[int] = 2
    WARNING_THRESHOLD: ClassVar[int] = 5
    LIMIT: ClassVar[int] = 6


class TokenGateway(CosemObject):
    """Where tokens enter: the last one received, when, and what became of it."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 115
    TOKEN: ClassVar[int] = 2
    TOKEN_TIME: ClassVar[int] = 3
    TOKEN_STATUS: ClassVar[int] = 6
    ENTER: ClassVar[int] = 1


ACCOUNT = Account.at("0.0.19.0.0")
CREDIT = CreditObject.at("0.0.19.10.0")
TOKEN_GATEWAY = TokenGateway.at("0.0.19.40.0")

_LAYOUT = struct.Struct(">BQi")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Token:
    """A charge: `transaction` is accepted only above the last one; `amount` in Wh, signed."""

    transaction: int
    amount: int

    def encode(self) -> bytes:
        """Its 13 bytes; ProtocolError beyond the ranges of u64 and i32."""
        try:
            return _LAYOUT.pack(_VERSION, self.transaction, self.amount)
        except struct.error as error:
            raise ProtocolError(f"token {self.transaction}: {error}") from error

    @classmethod
    def decode(cls, raw: bytes) -> Self | None:
        """The token in `raw`, None where it is not one of ours."""
        if len(raw) != _LAYOUT.size or raw[0] != _VERSION:
            return None
        _, transaction, amount = _LAYOUT.unpack(raw)
        return cls(transaction, amount)
