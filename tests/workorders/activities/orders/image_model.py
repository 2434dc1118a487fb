"""A device that takes images, and the order machine around it: answers are lost as told."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from devices.drivers import duties as d
from devices.drivers.base import FieldError, NodeSilent
from devices.simulator.images import ImageStore, build
from tests.workorders.activities.orders.model import MAC, NOW, OFFSET, ORDER, Loss
from workorders.activities.orders.base import Facts, Later, NotDone, OrderActivity, Result
from workorders.activities.orders.image_transfer import FetchBlocks, NoteUpdate, WorkedBefore

MODEL, OLD, NEW = "CERT1", "11", "12"
PARAMETERS = {"image": "cert-12", "image_id": 3, "version": NEW}
VISITS = 400


@dataclass
class ImageDevice:
    """`losses` meet the next duties of the device, one each; `restart` duties meet silence after an
    activation; blocks in `sieve` are acknowledged and not kept, once each."""

    image: bytes = build(MODEL, NEW, 1_000)
    version: str = OLD
    losses: list[Loss | None] = field(default_factory=list)
    restart: int = 2
    sieve: set[int] = field(default_factory=set)
    store: ImageStore = field(default_factory=lambda: ImageStore(MODEL, 200))
    asked: list[d.Duty] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    _away: int = 0

    def perform(self, duty: d.Duty) -> Any:
        self.asked.append(duty)
        if self._away:
            self._away -= 1
            raise NodeSilent(21, "[TB_ACK_21] NODE NOT REACHABLE AGENT", delivered=False)
        loss = self.losses.pop(0) if self.losses else None
        answer = None if loss is Loss.BEFORE else DOES[type(duty)](self, duty)
        if loss is not None:
            raise NodeSilent(21, "[TB_ACK_21] NODE NOT REACHABLE AGENT", delivered=True)
        return answer

    def transfer(self) -> d.Transfer:
        store = self.store
        return d.Transfer(
            store.is_enabled, store.shown(), store.block_size, store.missing, store.identifier,
            store.size,
        )  # fmt: skip

    def keep(self, duty: d.SendBlock) -> None:
        assert self.store.takes(duty.number, len(duty.block))
        if duty.number in self.sieve:
            self.sieve.discard(duty.number)
        else:
            self.store.blocks[duty.number] = duty.block

    def activate(self) -> None:
        version = self.store.activate()
        assert version is not None, "the activation of an image that is not verified"
        self.version, self._away = version, self.restart


DOES = {
    d.ReadFirmware: lambda device, _: d.Firmware(device.version),
    d.ReadTransfer: lambda device, _: device.transfer(),
    d.EnableTransfer: lambda device, _: setattr(device.store, "is_enabled", True),
    d.InitiateTransfer: lambda device, duty: device.store.initiate(duty.identifier, duty.size),
    d.SendBlock: ImageDevice.keep,
    d.VerifyImage: lambda device, _: device.store.verify() and None,
    d.ActivateImage: lambda device, _: device.activate(),
}


@dataclass
class Machine:
    """What the order machine does with the steps; `trail` are the states it went through."""

    activity: OrderActivity
    device: ImageDevice
    trail: list[str] = field(default_factory=list)
    is_sent: bool = False

    def facts(self) -> Facts:
        given = {**PARAMETERS, "size": len(self.device.image)}
        return Facts(ORDER, MAC, NOW, OFFSET, given)

    def carry_through(self) -> Result:
        """Visit after visit until the order has ended."""
        for _ in range(VISITS):
            self.is_sent = False
            is_unknown = self.trail[-1:] == ["unknown"]
            of = self.activity.read_back if is_unknown else self.activity.steps
            outcome = self._visit(of(self.facts()), is_unknown)
            if isinstance(outcome, Result):
                return outcome
            self.trail.append(outcome)
        raise AssertionError(f"the order never ended: {self.trail[-9:]}")

    def _visit(self, steps: Generator, is_unknown: bool) -> Result | str:
        try:
            outcome = self._drive(steps)
        except FieldError:
            return "unknown" if is_unknown or self.is_sent else "given back"
        if isinstance(outcome, Later):
            assert not self.is_sent
            return "continued"
        if isinstance(outcome, NotDone):
            return "undone"
        assert isinstance(outcome, Result), "nobody should have to decide"
        return outcome

    def _drive(self, steps: Generator) -> Any:
        answer, error = None, None
        while True:
            try:
                duty = steps.throw(error) if error else steps.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            self.is_sent |= duty.changes
            try:
                answer = self._perform(duty)
            except FieldError as fault:
                error = fault

    def _perform(self, duty: d.Duty) -> Any:
        match duty:
            case WorkedBefore():
                return bool({"continued", "unknown"} & set(self.trail))
            case NoteUpdate(state):
                self.device.noted.append(state)
                return None
            case FetchBlocks():
                begin, end = duty.first * duty.size, (duty.first + duty.count) * duty.size
                piece = self.device.image[begin:end]
                return tuple(piece[n : n + duty.size] for n in range(0, len(piece), duty.size))
        return self.device.perform(duty)
