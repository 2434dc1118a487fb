"""Keys by name, without bytes: a meter, its concentrator and the key store, and kills anywhere.

`carry_through` does what the order machine does; before or after any duty the answer may be lost or
the worker killed. What opens nothing, or opens by a wrong key, is a violation.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from devices.drivers import duties as d
from devices.drivers.base import FieldError, KeysRefused, Refused, Timeout
from devices.drivers.duties import KeyId, KeySet, KeyUse
from workorders.activities.orders import keys as k
from workorders.activities.orders.base import Facts, Reassociate

MAC, ORDER = bytes(6), 4711
Keys = dict[KeyId, str]
PUBLIC: Keys = {key: f"public {key.name}" for key in KeyId}
K_MASTER = "master of K"
Parts = Callable[[Facts], Generator[Any, Any, Any]]


class Blow(Enum):
    LOST_BEFORE = "the request is lost"
    LOST_AFTER = "it is done and the answer is lost"
    KILLED_BEFORE = "the worker is killed before"
    KILLED_AFTER = "the worker is killed when it is done"


class Killed(Exception):
    """The worker is gone: nothing of the attempt goes on."""


@dataclass
class Store:
    """Sets by state; `made` counts how many were ever made."""

    sets: dict[str, Keys] = field(default_factory=dict)
    origins: dict[str, int] = field(default_factory=dict)
    expired: list[Keys] = field(default_factory=list)
    is_offered: bool = False
    made: int = 0

    def candidates(self, *, may_be_public: bool) -> list[tuple[KeySet, Keys]]:
        own = [
            (KeySet(state), self.sets[state]) for state in ("new", "active") if state in self.sets
        ]
        return own + ([(KeySet.PUBLIC, PUBLIC)] if may_be_public or self.is_offered else [])

    def of(self, of: KeySet) -> Keys:
        return PUBLIC if of is KeySet.PUBLIC else self.sets.get(of.value, {})

    def make(self, keys: tuple[KeyId, ...]) -> Keys:
        self.made += 1
        return {key: f"private {self.made} {key.name}" for key in keys}


@dataclass
class KeyWorld:
    """`held` are the meter's keys; `commissioned`: its model's public set is not tried."""

    held: Keys
    store: Store
    commissioned: bool = True
    blows: dict[int, Blow] = field(default_factory=dict)
    concentrator: list[Keys] = field(default_factory=list)
    done: int = 0
    jobs: dict[int, d.Job] = field(default_factory=dict)
    line: KeySet | None = None
    seen: list[d.Duty] = field(default_factory=list)

    # --- the machine ------------------------------------------------------------------------------

    def carry_through(self, steps: Parts, read_back: Parts) -> Any:
        """Attempts and read-backs until the order ends."""
        for attempt in range(20):
            facts = Facts(ORDER, MAC, 0, 0, {}, attempts=attempt)
            try:
                return self.attempt(steps(facts))
            except (Killed, Timeout):
                pass
            try:
                if self.attempt(read_back(facts)):
                    return None
            except (Killed, Timeout):
                pass
        raise AssertionError("the order never ended")

    def attempt(self, steps: Generator[Any, Any, Any]) -> Any:
        """One visit."""
        self.line, answer, error = None, None, None
        while True:
            try:
                duty = steps.throw(error) if error else steps.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            try:
                answer = self.struck(duty)
            except FieldError as fault:
                error = fault

    def struck(self, duty: d.Duty) -> Any:
        blow = self.blows.get(self.done)
        self.done += 1
        self.seen.append(duty)
        self.fall(blow, Blow.LOST_BEFORE, Blow.KILLED_BEFORE, duty)
        answer = self.perform(duty)
        self.fall(blow, Blow.LOST_AFTER, Blow.KILLED_AFTER, duty)
        return answer

    @staticmethod
    def fall(blow: Blow | None, lost: Blow, killed: Blow, duty: d.Duty) -> None:
        if blow is killed:
            raise Killed
        if blow is lost and duty.by is not d.By.HEAD_END:
            raise Timeout("[TB_ACK_191] TIMEOUT")

    # --- meter, concentrator, store ---------------------------------------------------------------

    def perform(self, duty: d.Duty) -> Any:
        if isinstance(duty, Reassociate):
            self.line = None
            return None
        return PERFORMS[type(duty)](self, duty)

    def associate(self, _: k.HeldKeys) -> KeySet:
        """The keys of an association stay what they were when it was opened."""
        if self.line is None:
            found = self.store.candidates(may_be_public=not self.commissioned)
            opening = [of for of, keys in found if all(keys[i] == self.held[i] for i in k.PAIR)]
            if not opening:
                raise KeysRefused("locked out")
            self.line = opening[0]
        return self.line

    def transfer(self, duty: d.TransferKeys) -> None:
        """All or none, as the simulated meters do."""
        opened = {each.key: unwrapped(each.value, self.held[KeyId.MASTER]) for each in duty.keys}
        if None in opened.values():
            raise Refused("[TB_ACK_103] READ WRITE DENIED")
        self.held = self.held | opened

    def post(self, duty: d.PostMeterKeys) -> None:
        if duty.job in self.jobs:
            return
        self.jobs[duty.job] = d.Job(duty.job, 5, duty.mac, 2, 0)
        pair = {each.key: unwrapped(each.value, K_MASTER) for each in duty.keys}
        if duty.use is KeyUse.DROP_OLD:
            self.concentrator = self.concentrator[-1:]
        else:
            self.concentrator = [*self.concentrator[:1], pair]

    def prepare(self, deed: k.PrepareKeys) -> bool:
        store = self.store
        if "new" in store.sets:
            store.origins["new"] = ORDER
            return True
        kept = not deed.is_renewal or store.origins.get("active") == ORDER
        if deed.held is KeySet.ACTIVE and kept:
            store.is_offered = False
            return False
        if deed.held is KeySet.PUBLIC and "active" in store.sets:
            store.sets["new"] = {**store.make((KeyId.MASTER,)), **store.sets.pop("active")}
        else:
            store.sets["new"] = store.make(tuple(KeyId))
        store.origins["new"] = ORDER
        return True

    def activate(self, _: k.ActivateKeys) -> None:
        store = self.store
        if "new" in store.sets:
            if "active" in store.sets:
                store.expired.append(store.sets["active"])
            store.sets["active"] = store.sets.pop("new")
            store.origins["active"] = store.origins["new"]
        store.is_offered = False

    def wrap(self, deed: k.WrapKeys) -> tuple[d.WrappedKey, ...]:
        master = self.store.of(deed.under).get(KeyId.MASTER)
        if master is None and deed.under is KeySet.ACTIVE:
            master = PUBLIC[KeyId.MASTER]
        return wrapped(self.store.of(deed.of), deed.keys, master) if master else ()

    def stored(self, _: k.LookUpKeys) -> k.StoredKeys:
        sets, origin = self.store.sets, self.store.origins.get("active")
        return k.StoredKeys("new" in sets, "active" in sets, origin == ORDER)


def wrapped(keys: Keys, wanted: tuple[KeyId, ...], master: str) -> tuple[d.WrappedKey, ...]:
    return tuple(d.WrappedKey(key, f"{master}|{keys[key]}".encode()) for key in wanted)


def unwrapped(value: bytes, master: str) -> str | None:
    under, _, inside = value.decode().partition("|")
    return inside if under == master else None


PERFORMS: dict[type, Callable[[KeyWorld, Any], Any]] = {
    k.HeldKeys: KeyWorld.associate,
    d.TransferKeys: KeyWorld.transfer,
    d.PostMeterKeys: KeyWorld.post,
    d.ReadJobs: lambda world, _: tuple(world.jobs.values()),
    k.PrepareKeys: KeyWorld.prepare,
    k.ActivateKeys: KeyWorld.activate,
    k.WrapKeys: KeyWorld.wrap,
    k.WrapForConcentrator: lambda world, deed: wrapped(world.store.of(deed.of), k.PAIR, K_MASTER),
    k.LookUpKeys: KeyWorld.stored,
    k.OfferPublic: lambda world, _: setattr(world.store, "is_offered", True),
    k.RetireKeys: lambda world, _: world.store.sets.clear(),
    k.NoteStep: lambda _, __: None,
}
