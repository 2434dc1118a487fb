"""One way for an event to be known: a row for the screens, and a line where the contract has one.

LPE prints the life of devices, SWE the edges of meter alarms (design 8). Kinds without a code in
the documents are kept for screens only.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.backends.utils import CursorWrapper
from psycopg2.extras import execute_values

from devices.event_rules import Rules, rules_of
from devices.outbox.blocks import CONCENTRATOR, Blocks, open_transaction
from devices.outbox.layouts import Subject, alarm_line, event_line
from hes.domain.alarms import Alarm
from hes.domain.events import RENDERED, EventKind


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a device.

    `concentrator`, `meter` and `pod` are printed as they are; `alarm` and `is_active` belong to
    METER_ALARM; `device_at` is the device's own stamp (UTC epoch seconds); `detail` is the text of
    kinds that the documents do not render.
    """

    kind: EventKind
    company_id: int
    concentrator_id: int | None
    concentrator: str
    meter_id: int | None = None
    meter: str = ""
    pod: str = ""
    alarm: Alarm | None = None
    is_active: bool | None = None
    device_at: int | None = None
    detail: str = ""

    def code(self, rules: Rules) -> str:
        """The CIM event type as the company wants it, empty where the documents print none."""
        if self.alarm:
            return self.alarm.event_type
        kind = rules.rendered_as(self.kind)
        return RENDERED[kind].code if kind in RENDERED else ""

    @property
    def text(self) -> str:
        """What lines and screens print."""
        if self.alarm:
            return self.alarm.text
        return RENDERED[self.kind].text if self.kind in RENDERED else self.detail

    @property
    def subject(self) -> Subject:
        """The first columns of its line."""
        return Subject(self.concentrator, self.meter, self.pod)


_INSERT = """
INSERT INTO end_device_event (at, device_at, company_id, kind, code, text, concentrator_id,
                              meter_id, usage_point_name, is_active) VALUES %s
"""
_ROW = "(%s, to_timestamp(%s), %s, %s, %s, %s, %s, %s, %s, %s)"


def publish(
    cursor: CursorWrapper, events: Sequence[Event], moment: datetime, blocks: Blocks
) -> Counter[str]:
    """Store events that became known at `moment`, add their lines to `blocks`, count those.

    `blocks` must be of the events' company.
    """
    if not events:
        return Counter()
    rules = rules_of(events[0].company_id)
    rows = [
        (
            *(moment, event.device_at, event.company_id, event.kind, event.code(rules), event.text),
            *(event.concentrator_id, event.meter_id, event.pod, event.is_active),
        )
        for event in events
    ]
    execute_values(cursor.cursor, _INSERT, rows, template=_ROW, page_size=1000)
    lines: Counter[str] = Counter()
    for event in events:
        if event.code(rules) and rules.lets_out(event.kind, event.alarm):
            kind, device, line = _line(event, event.code(rules), moment)
            lines[kind] += blocks.add(kind, 0, device, line)
    return lines


def _line(event: Event, code: str, moment: datetime) -> tuple[str, int, str]:
    """(export kind, device, line) of an event that has a code."""
    device = event.meter_id or CONCENTRATOR
    if event.alarm:
        is_active = bool(event.is_active)
        line = alarm_line(event.subject, code, moment, is_active, event.text)
        return "SWE", device, line
    return "LPE", device, event_line(event.subject, code, moment, event.text)


def announce(cursor: CursorWrapper, events: Iterable[Event]) -> None:
    """Publish events inside the caller's transaction and store their blocks."""
    moment = open_transaction(cursor)

    def place(event: Event) -> tuple[int, int]:
        return event.company_id, event.concentrator_id or 0

    for (company_id, concentrator_id), own in groupby(sorted(events, key=place), key=place):
        blocks = Blocks(company_id, concentrator_id or None)
        publish(cursor, list(own), moment, blocks)
        blocks.store(cursor, moment.date())
