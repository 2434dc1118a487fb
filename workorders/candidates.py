"""The sets of keys that may open a device's association, in the order in which they are tried.

Each counts under its own version (companion profile 2 (b)): a counter never repeats under a key.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from devices import counters
from devices.choices import Holder, KeyState, SecretRole
from devices.counters import CounterBlock
from devices.drivers.base import Locked
from devices.drivers.duties import KeySet
from devices.keys import KeyRing, Rings

CHANGED = "[TB_ACK_145] KEY: the stored keys are being changed, try again"
TRIED = (KeySet.NEW, KeyState.NEW), (KeySet.ACTIVE, KeyState.ACTIVE)


@dataclass(slots=True)
class Candidate:
    """One set; `block` holds its counters as soon as it is tried.

    `holder` counts: the public set of a model is one key, so all its meters share its counters.
    """

    keys: KeySet
    holder: Holder
    holder_id: int
    ring: KeyRing = field(repr=False)
    block: CounterBlock | None = field(default=None, repr=False)

    @property
    def is_ready(self) -> bool:
        """It has counters, or needs none."""
        return self.block is not None or self.keys is KeySet.PASSWORD

    @property
    def password(self) -> bytes | None:
        """In place of keys."""
        is_password = self.keys is KeySet.PASSWORD
        return self.ring.values[SecretRole.MAA_PASSWORD] if is_password else None

    @property
    def encryption(self) -> bytes:
        return self.ring.values[SecretRole.ENCRYPTION]

    @property
    def authentication(self) -> bytes:
        return self.ring.values[SecretRole.AUTHENTICATION]

    @property
    def server_counter(self) -> int:
        """The highest the device has used under this key; of a shared key nobody knows."""
        shared = self.block is None or self.keys is KeySet.PUBLIC
        return -1 if shared else self.counters.server_last

    @property
    def counters(self) -> CounterBlock:
        """Those of a set that is being tried."""
        assert self.block is not None, "start() comes first"  # noqa: S101 - our own order
        return self.block


def own(holder: Holder, holder_id: int, rings: Rings) -> Iterator[Candidate]:
    """The device's own sets: NEW before ACTIVE."""
    for keys, state in TRIED:
        if state in rings and SecretRole.ENCRYPTION in rings[state].values:
            yield Candidate(keys, holder, holder_id, rings[state])


def public(model: int, rings: Rings) -> Iterator[Candidate]:
    """The set of a meter model."""
    for candidate in own(Holder.MODEL, model, rings):
        if candidate.keys is KeySet.ACTIVE:
            candidate.keys = KeySet.PUBLIC
            yield candidate


def password(holder: Holder, holder_id: int, rings: Rings) -> Iterator[Candidate]:
    """What opens a concentrator for its commissioning, without keys."""
    ring = rings.get(KeyState.ACTIVE)
    if ring is not None and SecretRole.MAA_PASSWORD in ring.values:
        yield Candidate(KeySet.PASSWORD, holder, holder_id, ring)


def start(candidate: Candidate, count: int = counters.BLOCK) -> None:
    """Take counters for it, unless it is ready.

    Raises Locked where its key was just replaced.
    """
    if not candidate.is_ready:
        state = KeyState.NEW if candidate.keys is KeySet.NEW else KeyState.ACTIVE
        pk = candidate.holder_id
        block = counters.reserve(candidate.holder, [pk], count, state)[pk]
        if block.version != candidate.ring.version:
            raise Locked(CHANGED)
        candidate.block = block


def take_more(candidate: Candidate, count: int = counters.BLOCK) -> None:
    """The next block under the same key."""
    pk, version = candidate.holder_id, candidate.ring.version
    candidate.block = counters.reserve_more(candidate.holder, pk, version, count)


def continue_at(candidate: Candidate, value: int, count: int = counters.BLOCK) -> None:
    """A block from `value` on: the device has accepted higher counters than ours (2 (e))."""
    counters.raise_to(candidate.holder, candidate.holder_id, candidate.ring.version, value)
    take_more(candidate, count)


def note_server(candidate: Candidate, value: int) -> None:
    """The highest counter the device has used under the key."""
    if value >= 0 and candidate.keys in (KeySet.NEW, KeySet.ACTIVE):
        pk, version = candidate.holder_id, candidate.ring.version
        counters.note_server_counter(candidate.holder, pk, version, value)
