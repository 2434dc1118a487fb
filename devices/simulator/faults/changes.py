"""Faults of orders: what becomes of a change that reaches a device, and of its answer.

Each strikes the first `times` changes of its device; a number below 1 is a share of all of them.
Naming the order (the tag) is no change.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from devices.protocol.errors import DataAccess
from devices.simulator import chance
from devices.simulator.changes import Execute, LineCut, NodeFellSilent
from devices.simulator.device import Device


@dataclass(slots=True)
class OnChanges(ABC):
    """Base of them; those with a number of their own take `times` by name."""

    times: float = 1
    _device: Device | None = field(default=None, init=False, repr=False, compare=False)
    _seen: int = field(default=0, init=False, repr=False, compare=False)

    def install(self, device: Device) -> None:
        """Wait for the device's changes."""
        self._device = device
        device.change_faults.append(self)

    def strikes(self) -> bool:
        """Whether the change that now arrives is harmed."""
        self._seen += 1
        if self.times >= 1 or self._device is None:
            return self._seen <= self.times
        seed, serial = self._device.concentrator.seed, self._device.serial
        return chance.fraction(seed, type(self).__name__, serial, self._seen) < self.times

    @abstractmethod
    def harm(self, execute: Execute) -> DataAccess:
        """Carry it out in its own way."""


@dataclass(slots=True)
class DropChange(OnChanges):
    """The connection breaks before anything is done."""

    def harm(self, execute: Execute) -> DataAccess:
        """Do nothing."""
        raise LineCut


@dataclass(slots=True)
class LoseAnswer(OnChanges):
    """Done, but the connection breaks before the answer."""

    def harm(self, execute: Execute) -> DataAccess:
        """Do it and say nothing."""
        execute()
        raise LineCut


@dataclass(slots=True)
class LateAnswer(OnChanges):
    """Done at once, answered after `seconds`."""

    seconds: float = 60
    times: float = field(default=1, kw_only=True)

    def harm(self, execute: Execute) -> DataAccess:
        """Do it and wait."""
        if self._device is not None:
            self._device.late = self.seconds
        return execute()


@dataclass(slots=True)
class RefuseChange(OnChanges):
    """Answers `result` (a data-access result) and does nothing."""

    result: float = DataAccess.READ_WRITE_DENIED
    times: float = field(default=1, kw_only=True)

    def harm(self, execute: Execute) -> DataAccess:
        """Say no."""
        return DataAccess(int(self.result))


@dataclass(slots=True)
class RefuseAndExecute(OnChanges):
    """Answers `result` although it is done: 1 and 250 leave open what happened."""

    result: float = DataAccess.OTHER_REASON
    times: float = field(default=1, kw_only=True)

    def harm(self, execute: Execute) -> DataAccess:
        """Do it and say no."""
        execute()
        return DataAccess(int(self.result))


@dataclass(slots=True)
class SilentBefore(OnChanges):
    """The meter is not reached: the concentrator knows that nothing was delivered."""

    def harm(self, execute: Execute) -> DataAccess:
        """Do nothing."""
        raise NodeFellSilent(delivered=False)


@dataclass(slots=True)
class SilentAfter(OnChanges):
    """The meter does it, and its answer never reaches the concentrator."""

    def harm(self, execute: Execute) -> DataAccess:
        """Do it and say nothing."""
        execute()
        raise NodeFellSilent(delivered=True)
