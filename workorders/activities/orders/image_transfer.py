"""Firmware of a meter or a concentrator: an image comes over many visits and is activated once.

Source: companion profile 5.2, 5.3; slices, polls and pauses are assumed. The device alone says how
far it is: every visit goes on at the first block that lacks. Up to the activation nothing that is
in force changes, so it all may be repeated; the activation is sent to a verified image only. After
it the device restarts: the order is UNKNOWN until the version is read.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from devices.drivers.base import Busy, NodeSilent, Refused
from devices.drivers.duties import (
    ActivateImage,
    By,
    Duty,
    EnableTransfer,
    Firmware,
    InitiateTransfer,
    ReadFirmware,
    ReadTransfer,
    SendBlock,
    Transfer,
    TransferStatus,
    VerifyImage,
)
from workorders.activities.orders.base import (
    Deed,
    Effect,
    Facts,
    Later,
    LongSteps,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Unclear,
)
from workorders.activities.orders.failure import failure_text
from workorders.activities.orders.outcomes import OK, named
from workorders.activities.orders.parameters import only, text

SLICE = 200  # blocks of a visit: five minutes at 1.5 s by PLC (assumed)
BATCH = 32  # blocks held at once
PATIENCE = 3  # batches whose first block the device does not keep
POLLS = 20  # looks at a verification that runs
NEXT_SLICE, PAUSE = 1.0, 60.0  # seconds
LONGEST_NAME = 60
_TEMPORARY = "[TB_ACK_102]"  # a verification that runs already (class 18)

Status = TransferStatus
_FAILURES: Mapping[Status, tuple[type[VerifyImage | ActivateImage], str]] = {
    Status.VERIFICATION_FAILED: (VerifyImage, "VERIFICATION FAILED"),
    Status.ACTIVATION_FAILED: (ActivateImage, "ACTIVATION FAILED"),
    Status.ACTIVATED: (ActivateImage, "VERSION UNCHANGED"),
}
"""Where a transfer ends without the version being shown."""
_UNDONE = (Status.NOT_INITIATED, Status.INITIATED, Status.VERIFYING, Status.VERIFIED)


@dataclass(frozen=True, slots=True)
class FetchBlocks(Deed):
    """-> tuple[bytes, ...]: at most `count` blocks of `size` bytes from number `first` on."""

    image: int
    first: int
    size: int
    count: int


@dataclass(frozen=True, slots=True)
class WorkedBefore(Deed):
    """-> bool: this order has sent something in an earlier visit."""


@dataclass(frozen=True, slots=True)
class NoteUpdate(Deed):
    """-> None: the concentrator's `software_update_state` for the screens."""

    state: str
    TRANSFERRING: ClassVar[str] = "transferring"
    VERIFIED: ClassVar[str] = "verified"


@dataclass(frozen=True, slots=True)
class FirmwareShown(Effect):
    """The device runs this: its version, and a concentrator's number, go into the inventory."""

    firmware: Firmware


@dataclass(frozen=True, slots=True)
class UpdateFailed(Effect):
    """The concentrator's `software_update_state` says so."""


@dataclass(frozen=True, slots=True)
class _Image:
    """The image that an order was accepted with."""

    id: int
    identifier: bytes
    version: str
    size: int

    @classmethod
    def of(cls, facts: Facts) -> "_Image":
        given = facts.parameters
        name = given["image"].encode()
        return cls(given["image_id"], name, given["version"], given["size"])

    def is_in(self, transfer: Transfer) -> bool:
        return transfer.holds(self.identifier, self.size)


def parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`image`: the identifier of a released image. Its facts are added when it is accepted."""
    only(given, "image")
    return {"image": text(given, "image", LONGEST_NAME)}


def update(kind: str, by: By, command: str) -> OrderActivity:
    """The activity of a kind."""

    def steps(facts: Facts) -> LongSteps:
        return _Update(activity, by, _Image.of(facts)).steps()

    def read_back(facts: Facts) -> ReadBack:
        return _Update(activity, by, _Image.of(facts)).read_back()

    activity = OrderActivity(
        **named(kind),
        command=command,
        parse=parse,
        steps=steps,
        read_back=read_back,
        is_long=True,
        is_patient=True,
    )
    return activity


_Part = Generator[Duty, Any, Result | Later | None]


@dataclass(frozen=True, slots=True)
class _Update:
    """One visit of one order."""

    activity: OrderActivity
    by: By
    image: _Image

    def steps(self) -> LongSteps:
        """A device that shows the version already is done at once."""
        shown = yield ReadFirmware(by=self.by)
        if shown.version == self.image.version:
            return self._done(shown)
        transfer = yield ReadTransfer(by=self.by)
        is_ours, has_failed = self.image.is_in(transfer), transfer.status in _FAILURES
        if transfer.status is Status.ACTIVATING:
            return Later(PAUSE, "an activation is under way")
        if is_ours and has_failed and (yield WorkedBefore()):
            return self._failed(transfer.status)
        if not is_ours or has_failed or transfer.status is Status.NOT_INITIATED:
            transfer = yield from self._initiated(transfer)
        return (yield from self._onward(transfer))

    def read_back(self) -> ReadBack:
        """Of an activation: UNKNOWN for as long as the device restarts."""
        shown = yield ReadFirmware(by=self.by)
        if shown.version == self.image.version:
            return self._done(shown)
        transfer = yield ReadTransfer(by=self.by)
        if transfer.status in _UNDONE or not self.image.is_in(transfer):
            return NotDone()
        if transfer.status is Status.ACTIVATING:
            raise Busy("the activation is under way")
        if transfer.status is Status.ACTIVATED:  # yet another version is shown
            return Unclear()
        return self._failed(transfer.status)

    # --- inner ----------------------------------------------------------------------------------

    def _initiated(self, transfer: Transfer) -> Generator[Duty, Any, Transfer]:
        if not transfer.is_enabled:
            yield EnableTransfer(by=self.by)
        yield InitiateTransfer(self.image.identifier, self.image.size, by=self.by)
        yield from self._noted(NoteUpdate.TRANSFERRING)
        begun: Transfer = yield ReadTransfer(by=self.by)
        return begun

    def _onward(self, transfer: Transfer) -> LongSteps:
        """From whatever state the transfer is in."""
        status = transfer.status
        if status is Status.INITIATED:
            broken_off = yield from self._fill(transfer)
            if broken_off is not None:
                return broken_off
            status = yield from self._verified()
        elif status is Status.VERIFYING:
            status = yield from self._looked()
        if status in _FAILURES:
            return self._failed(status)
        if status is not Status.VERIFIED:
            return Later(PAUSE, "the image is being verified")
        yield from self._noted(NoteUpdate.VERIFIED)
        yield ActivateImage(by=self.by)
        raise Busy("activated: it restarts")

    def _fill(self, transfer: Transfer) -> _Part:
        """Blocks until all are there (None), or enough for this visit."""
        count, sent, stuck = -(-self.image.size // transfer.block_size), 0, 0
        try:
            while (first := transfer.missing) < count:
                if sent >= SLICE:
                    return Later(NEXT_SLICE, f"{first} of {count} blocks")
                sent += yield from self._batch(transfer, SLICE - sent)
                transfer = yield ReadTransfer(by=self.by)
                if not self.image.is_in(transfer):
                    return Later(PAUSE, "the device forgot the image")
                stuck = stuck + 1 if transfer.missing <= first else 0
                if stuck >= PATIENCE:
                    return self._denied(SendBlock(first, b"", by=self.by), "BLOCK NOT KEPT")
        except NodeSilent as silent:
            if not sent:
                raise
            return Later(PAUSE, f"{silent.text} after {sent} blocks")
        return None

    def _batch(self, transfer: Transfer, at_most: int) -> Generator[Duty, Any, int]:
        size, first = transfer.block_size, transfer.missing
        wanted = FetchBlocks(self.image.id, first, size, min(BATCH, at_most))
        blocks: tuple[bytes, ...] = yield wanted  # never none: the image is that long
        for number, block in enumerate(blocks, first):
            yield SendBlock(number, block, by=self.by)
        return len(blocks)

    def _verified(self) -> Generator[Duty, Any, Status]:
        try:
            yield VerifyImage(by=self.by)
        except Refused as refused:
            if not refused.text.startswith(_TEMPORARY):
                raise
        return (yield from self._looked())

    def _looked(self) -> Generator[Duty, Any, Status]:
        """The status after the verification, or as it is after some looks."""
        status = Status.VERIFYING
        for _ in range(POLLS):
            transfer = yield ReadTransfer(by=self.by)
            status = transfer.status
            if status is not Status.VERIFYING:
                break
        return status

    def _noted(self, state: str) -> Generator[Duty, Any, None]:
        if self.by is By.CONCENTRATOR:
            yield NoteUpdate(state)

    def _done(self, shown: Firmware) -> Result:
        effects = (FirmwareShown(shown),)
        return Result(True, self.activity.ok_code, OK, effects=effects)

    def _failed(self, status: Status) -> Result:
        duty, reason = _FAILURES[status]
        return self._denied(duty(by=self.by), reason)

    def _denied(self, duty: Duty, reason: str) -> Result:
        told = failure_text(self.activity, reason, duty)
        effects = (UpdateFailed(),) if self.by is By.CONCENTRATOR else ()
        return Result(False, self.activity.ko_code, told, effects=effects)
