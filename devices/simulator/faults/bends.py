"""Faults of the device: what it is, holds or shows."""

from dataclasses import dataclass, replace

from devices.simulator import chance
from devices.simulator.device import Device
from devices.simulator.tables.rows import Run

DATA_NOT_VALID = 0x04  # bit 2 of the profile status (companion profile 3.3)


@dataclass(slots=True)
class Refuse:
    """Nobody listens at its port (decided when the field opens)."""

    amount: float = 1

    def install(self, device: Device) -> None:
        """Do not listen."""
        device.listens = False


@dataclass(slots=True)
class WrongKey:
    """Holds other keys than the head-end."""

    amount: float = 1

    def install(self, device: Device) -> None:
        """Replace both."""
        foreign = chance.octets(32, device.concentrator.seed, "wrong key", device.serial)
        device.keys = foreign[:16], foreign[16:]


@dataclass(slots=True)
class ReplayedCounter:
    """Its invocation counter falls back to 0 at every association."""

    amount: float = 1

    def install(self, device: Device) -> None:
        """Forget the counter."""
        device.replays = True


@dataclass(slots=True)
class SilentNode:
    """The meter in `row` answers neither in cycles nor through the gateway."""

    row: float = 1

    def install(self, device: Device) -> None:
        """Silence it."""
        device.silence(meter for meter in device.concentrator.meters if meter.row == self.row)


@dataclass(slots=True)
class ClockDrift:
    """Its clock is `seconds` ahead until somebody sets it."""

    seconds: float = 60

    def install(self, device: Device) -> None:
        """Put it forward."""
        device.memory.drift = self.seconds


@dataclass(slots=True)
class WrongSerial:
    """Another device than the inventory says stands at this address."""

    amount: float = 1

    def install(self, device: Device) -> None:
        """Show a serial number of nobody."""
        device.serial = device.serial[:8] + f"{99_000_000 + device.concentrator.number}"


@dataclass(slots=True)
class DuplicateMeter:
    """Also lists the meter in `row` of the next concentrator."""

    row: float = 1

    def install(self, device: Device) -> None:
        """Add it to the node list."""
        neighbour = replace(device.concentrator, number=device.concentrator.number + 1)
        device.guests = tuple(each for each in neighbour.meters if each.row == self.row)


def _middle(run: Run) -> tuple[int, int]:
    return run.count // 3, run.count - run.count // 3


def _without_middle(run: Run) -> list[Run]:
    first, last = _middle(run)
    parts = (run.part(0, first), run.part(last, run.count))
    return [part for part in parts if part.count]


def _bad_middle(run: Run) -> list[Run]:
    first, last = _middle(run)
    bad = run.part(first, last)
    status = int(bad.after[0]) | DATA_NOT_VALID
    marked = replace(bad, after=(status,))
    parts = (run.part(0, first), marked, run.part(last, run.count))
    return [part for part in parts if part.count]


def _twice(run: Run) -> list[Run]:
    return [run, run]


@dataclass(slots=True)
class Gaps:
    """The middle third of each meter's load profile in a cycle is missing."""

    amount: float = 1

    def install(self, device: Device) -> None:
        """Leave it out."""
        device.distort = _without_middle


@dataclass(slots=True)
class BadStatus:
    """The middle third of each meter's load profile in a cycle is marked as not valid."""

    amount: float = 1

    def install(self, device: Device) -> None:
        """Mark it."""
        device.distort = _bad_middle


@dataclass(slots=True)
class DuplicateRows:
    """Every load profile row comes twice."""

    amount: float = 1

    def install(self, device: Device) -> None:
        """Repeat them."""
        device.distort = _twice
