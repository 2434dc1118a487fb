"""What one visit came to: filled in while it runs, written down when it ends."""

from dataclasses import dataclass, field

from devices.drivers.base import FieldError, Session
from devices.recording.tally import Tally
from workorders.slots import DueSlot, FailedSlot

DONE = "done"
FAULT = "fault"  # a bug of ours: logged with its trace, retried like a garbled answer


@dataclass(slots=True)
class Outcome:
    """`family` is '' while nothing ended the visit early; `notes` are refusals on the way.

    `untouched` are slots taken and not tried: they stay due and lose no attempt.
    """

    family: str = ""
    error: str = ""
    notes: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    failed: list[FailedSlot] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    exchanges: int = 0
    received_bytes: int = 0
    clock_drift: float | None = None
    server_title: bytes | None = None
    server_counter: int = -1
    lane_lost: bool = False

    def ended_by(self, error: FieldError) -> None:
        """The visit is over before its end."""
        self.family, self.error = error.family, error.text

    def add_session(self, session: Session) -> None:
        """Take over what a session that ends has counted and learnt."""
        self.exchanges += session.exchanges
        self.received_bytes += session.received_bytes
        self.server_title = session.server_title or self.server_title
        self.server_counter = max(self.server_counter, session.server_counter)

    def slot_failed(self, slot: DueSlot, text: str, *, final: bool) -> None:
        """One slot was tried in vain."""
        self.failed.append(FailedSlot(slot, text, final))

    @property
    def is_good(self) -> bool:
        """Everything that was due is done."""
        return not (self.family or self.failed or self.lane_lost)

    @property
    def shown(self) -> str:
        """The visit row's outcome: done, or what ended it; a refusal on the way shows as well."""
        if self.family:
            return self.family
        return "refused" if self.failed else DONE

    @property
    def text(self) -> str:
        """The visit row's error text."""
        return "; ".join([self.error] * bool(self.error) + self.notes)[:200]
