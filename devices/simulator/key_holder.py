"""The keys a simulated device holds: as delivered, and as handed over since (profile 2, 4.2).

What was handed over is kept in the device's holding, in clear: this is the inside of the device.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.protocol import expect
from devices.protocol.axdr import Data, Enum
from devices.protocol.errors import CipherError, DataAccess
from devices.protocol.objects import SECURITY_SETUP, SecuritySetup
from devices.protocol.security import KEY_SIZE, Keys, unwrap_key
from devices.simulator.objects import ObjectTree

GUEK, GAK, MASTER = 0, 2, 3
WRAPPED_SIZE = 24
POLICY, SUITE = Enum(3), Enum(0)  # authenticated and encrypted; AES-GCM-128
SETUP = "0.0.43.0.0"
HandedOver = dict[str, str]
"""Key id -> value, hexadecimal."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """`handed_over` is the holding's own and changes with it."""

    delivered: Mapping[int, bytes] = field(repr=False)
    handed_over: HandedOver = field(repr=False)

    def __getitem__(self, key: int) -> bytes:
        kept = self.handed_over.get(str(key))
        return bytes.fromhex(kept) if kept else self.delivered[key]

    @property
    def pair(self) -> tuple[bytes, bytes]:
        """guek and gak of the next association."""
        return self[GUEK], self[GAK]

    @property
    def keys(self) -> Keys:
        """The same as a cipher."""
        return Keys(*self.pair)

    def unwrapped(self, wrapped: Data) -> bytes | None:
        """What was wrapped under our master; None where it does not open."""
        try:
            return unwrap_key(self[MASTER], expect.octets(wrapped, "wrapped key", WRAPPED_SIZE))
        except CipherError:
            return None

    def take(self, value: Data) -> DataAccess:
        """key_transfer: all or none; a key wrapped under another master is denied (*assumed*)."""
        taken: HandedOver = {}
        for item in expect.array(value, "keys"):
            number, wrapped = expect.structure(item, "key", 2)
            key = expect.integer(number, "key id")
            opened = self.unwrapped(wrapped)
            if opened is None or len(opened) != KEY_SIZE or key not in self.delivered:
                return DataAccess.READ_WRITE_DENIED
            taken[str(key)] = opened.hex()
        self.handed_over.update(taken)
        return DataAccess.SUCCESS


def install(tree: ObjectTree, holder: KeyHolder, title: bytes) -> None:
    """The security setup: what it is set to, and key_transfer."""
    tree.value(SecuritySetup.CLASS_ID, SETUP, SecuritySetup.POLICY, lambda: POLICY)
    tree.value(SecuritySetup.CLASS_ID, SETUP, SecuritySetup.SUITE, lambda: SUITE)
    tree.value(SecuritySetup.CLASS_ID, SETUP, SecuritySetup.SERVER_TITLE, lambda: title)
    tree.method(
        SECURITY_SETUP.CLASS_ID, SETUP, SecuritySetup.KEY_TRANSFER, lambda value: holder.take(value)
    )
