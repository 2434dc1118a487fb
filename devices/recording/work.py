"""The state of one recording transaction, and its course from records to stored blocks."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.events import Event, publish
from devices.fleet import Fleet, MeterRef
from devices.outbox.blocks import Blocks, LineRefused, open_transaction
from devices.outbox.slots import Key, SlotLedger
from devices.reachability import METER_EVENT
from devices.recording.claims import Claim
from devices.recording.fence import Fence
from devices.recording.statistics import Statistics
from devices.recording.tally import Tally
from hes.domain.alarms import Alarm
from hes.domain.events import EventKind
from hes.domain.time import day_number, epoch_of

log = logging.getLogger(__name__)

DAYS_AHEAD = 1  # later samples come from a wrong clock


class OfMeter(Protocol):
    """A record that names its meter."""

    @property
    def mac(self) -> bytes: ...


R = TypeVar("R", bound=OfMeter)


@contextmanager
def recording(fence: Fence) -> Iterator[tuple[CursorWrapper, datetime]]:
    """One transaction: its day is fixed, then the fence says whether it may go on.

    A session that ends meanwhile raises Django's errors, also out of COPY and `execute_values`.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        moment = open_transaction(cursor)
        fence(cursor)
        with connection.wrap_database_errors:
            yield cursor, moment


@dataclass(slots=True)
class Work:
    """What the recorders of one transaction share. Tables are written in one order by all:

    last values, slot ledger, statistics, events, blocks; each by ascending key.
    """

    fleet: Fleet
    cursor: CursorWrapper
    moment: datetime
    tally: Tally = field(default_factory=Tally)
    statistics: Statistics = field(default_factory=Statistics)
    events: list[Event] = field(default_factory=list)
    blocks: Blocks = field(init=False)
    now: int = field(init=False)  # the moment in UTC epoch seconds
    today: int = field(init=False)  # UTC day of recording, counted from 1970-01-01
    _claims: list[tuple[Key, Claim]] = field(default_factory=list)
    _ledger: SlotLedger = field(default_factory=SlotLedger)
    _unassigned: set[bytes] = field(default_factory=set)
    _refused: set[int] = field(default_factory=set)  # meters that were told of

    def __post_init__(self) -> None:
        self.blocks = Blocks(self.fleet.company_id, self.fleet.id)
        self.now = epoch_of(self.moment)
        self.today = day_number(self.moment.date())

    def assigned(self, records: Iterable[R]) -> Iterator[tuple[MeterRef, R]]:
        """Records of meters under this concentrator; the others are counted, not exported."""
        for record in records:
            meter = self.fleet.meters.get(record.mac)
            if meter is None:
                self._unassigned.add(record.mac)
            else:
                yield meter, record

    def is_timely(self, day: int, slots: int = 1) -> bool:
        """Whether the ledger still knows, or already knows, a UTC day; if not, it is counted."""
        if day < self.today - self.fleet.ledger_days:
            self.tally.too_old += slots
            return False
        if day > self.today + DAYS_AHEAD:
            self.tally.future += slots
            return False
        return True

    def claim(self, claim: Claim) -> bool:
        """Ask for slots; False where they are refused by their day."""
        if not self.is_timely(claim.day, claim.bits.bit_count()):
            return False
        key = claim.key
        self._ledger.ask(key, claim.bits, claim.is_good)
        self._claims.append((key, claim))
        return True

    def add_lines(self, kind: str, offset: int, meter: MeterRef, text: str) -> bool:
        """Lines that leave in any case. False: refused as they would tear a file.

        Then they are counted and one event per meter and batch says so; the others leave.
        """
        try:
            self.tally.lines[kind] += self.blocks.add(kind, offset, meter.id, text)
        except LineRefused as fault:
            self._tell_refused(meter, fault)
            return False
        return True

    def _tell_refused(self, meter: MeterRef, fault: LineRefused) -> None:
        self.tally.refused += 1
        if meter.id not in self._refused:
            self._refused.add(meter.id)
            log.error("%s", fault)
            self.events.append(self.event(EventKind.LINES_REFUSED, meter, detail=str(fault)))

    def event(
        self,
        kind: EventKind,
        meter: MeterRef | None = None,
        alarm: Alarm | None = None,
        is_active: bool | None = None,
        device_at: int | None = None,
        detail: str = "",
    ) -> Event:
        """An event of this concentrator or one of its meters, with the POD of this moment."""
        return Event(
            kind=kind,
            company_id=self.fleet.company_id,
            concentrator_id=self.fleet.id,
            concentrator=self.fleet.name,
            meter_id=meter.id if meter else None,
            meter=meter.serial if meter else "",
            pod=meter.pod_at(self.now)[0] if meter else "",
            alarm=alarm,
            is_active=is_active,
            device_at=device_at,
            detail=detail,
        )

    def finish(self) -> Tally:
        """Decide the slots, write statistics, events and blocks."""
        self._settle()
        self._apply_statistics()
        self.tally.lines += publish(self.cursor, self.events, self.moment, self.blocks)
        self.blocks.store(self.cursor, self.moment.date())
        self.tally.unassigned = len(self._unassigned)
        return self.tally

    def _settle(self) -> None:
        self._ledger.decide(self.cursor)
        for key, claim in self._claims:
            fresh = self._ledger.take(key, claim.bits, claim.is_good)
            self.tally.duplicates += (claim.bits & ~fresh).bit_count()
            if not fresh:
                continue
            if not self.add_lines(claim.kind.name, claim.offset, claim.meter, claim.text(fresh)):
                self._ledger.give_back(self.cursor, key, fresh)
            elif claim.event:
                self.events.append(claim.event)

    def _apply_statistics(self) -> None:
        flips = self.statistics.apply(self.cursor, self.fleet.max_missed_contacts)
        by_id = {meter.id: meter for meter in self.fleet.meters.values()} if flips else {}
        for meter_id, flip in flips.items():
            self.events.append(self.event(METER_EVENT[flip], by_id[meter_id]))
