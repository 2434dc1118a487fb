"""One way for an event to be known: a row for the screens, and a line where the contract has one.

LPE prints the life of devices, SWE the edges of meter alarms (design 8). Kinds without a code in
the documents are kept for screens only.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from devices.event_rules import Rules, rules_of
from devices.outbox.blocks import CONCENTRATOR, Blocks, LineRefused, open_transaction
from devices.outbox.layouts import LAST_GASP, NO_ORDER, Subject, alarm_line, event_line
from hes.domain.alarms import Alarm
from hes.domain.events import LAST_GASPS, RENDERED, EventKind
from hes.domain.severities import severity_of
from hes.lib import copy_binary

log = logging.getLogger(__name__)

TEXT_LIMIT = 200  # characters that screens keep


class Event(NamedTuple):
    """Something that happened to a device.

    `concentrator`, `meter` and `pod` are printed as they are; `alarm` and `is_active` belong to
    METER_ALARM; `device_at` is the device's own stamp (UTC epoch seconds); `detail` is the text of
    kinds that the documents do not render. Lines print the moment it became known, or `date`.
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
    date: str = ""

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
        return RENDERED[self.kind].text if self.kind in RENDERED else self.detail[:TEXT_LIMIT]

    def refused(self, reason: str) -> "Event":
        """The event that stands for its refused line."""
        return self._replace(
            kind=EventKind.LINES_REFUSED, alarm=None, is_active=None, detail=reason
        )

    @property
    def subject(self) -> Subject:
        """The first columns of its line."""
        return Subject(self.concentrator, self.meter, self.pod)


_COLUMNS = (
    "at", "device_at", "company_id", "kind", "code", "text", "concentrator_id", "meter_id",
    "usage_point_name", "is_active", "alarm",
)  # fmt: skip


def publish(
    cursor: CursorWrapper, events: Sequence[Event], moment: datetime, blocks: Blocks
) -> Counter[str]:
    """Store events that became known at `moment`, add their lines to `blocks`, count those.

    `blocks` must be of the events' company. An event whose line is refused is stored all the same,
    and beside it one that says so.
    """
    if not events:
        return Counter()
    rendered = _Renderer(rules_of(events[0].company_id))
    lines, refused = _add_lines(events, rendered, moment, blocks)
    at = copy_binary.instant(moment.timestamp())
    rows = [_row(at, event, rendered(event)) for event in (*events, *refused)]
    copy_binary.copy_binary(cursor, "end_device_event", _COLUMNS, rows)
    return lines


class _Rendering(NamedTuple):
    """What events of one kind have in common; `fields` are kind, code and text as a row has them.

    `makes` is the kind of its line, empty where it makes none.
    """

    makes: str
    code: str
    text: str
    severity: int
    fields: bytes


class _Renderer:
    """Renders each kind once: a storm has 10,000 events of two kinds."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._known: dict[tuple[EventKind, Alarm | None, str], _Rendering] = {}

    def __call__(self, event: Event) -> _Rendering:
        key = event.kind, event.alarm, event.detail
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._render(event)
        return known

    def _render(self, event: Event) -> _Rendering:
        rules, code, text = self._rules, event.code(self._rules), event.text
        is_out = bool(code) and rules.lets_out(event.kind, event.alarm)
        makes = ("SWE" if event.alarm else "LPE") if is_out else ""
        severity = severity_of(event.kind, event.alarm) if makes and rules.prints_severity else 0
        fields = b"".join(map(copy_binary.text, (event.kind, code, text)))
        return _Rendering(makes, code, text, severity, fields)


_FIELDS = copy_binary.fields(len(_COLUMNS))


def _row(at: bytes, event: Event, rendering: _Rendering) -> bytes:
    """One row, ready to be copied: the fields of _COLUMNS."""
    return b"".join((
        _FIELDS,
        at,
        copy_binary.shared_instant(event.device_at),
        copy_binary.bigint(event.company_id),
        rendering.fields,
        copy_binary.bigint(event.concentrator_id),
        copy_binary.bigint(event.meter_id),
        copy_binary.text(event.pod),
        copy_binary.truth(event.is_active),
        copy_binary.text(event.alarm.name if event.alarm else ""),
    ))  # fmt: skip


def _add_lines(
    events: Sequence[Event], rendered: _Renderer, moment: datetime, blocks: Blocks
) -> tuple[Counter[str], list[Event]]:
    """Lines by kind, and an event for each line that was refused."""
    lines: Counter[str] = Counter()
    refused = []
    for event in events:
        rendering = rendered(event)
        if not rendering.makes:
            continue
        line = _line(event, rendering, moment)
        try:
            lines[rendering.makes] += blocks.add(
                rendering.makes, 0, event.meter_id or CONCENTRATOR, line
            )
        except LineRefused as fault:
            log.error("%s", fault)
            refused.append(event.refused(str(fault)))
    return lines, refused


def _line(event: Event, rendering: _Rendering, moment: datetime) -> str:
    """The line of an event that makes one."""
    code, text, severity = rendering.code, rendering.text, rendering.severity
    if event.alarm:
        is_active = bool(event.is_active)
        return alarm_line(event.subject, code, moment, is_active, text, severity)
    order = LAST_GASP if event.kind in LAST_GASPS else NO_ORDER
    return event_line(event.subject, code, event.date or moment, text, order, severity)


def announce(cursor: CursorWrapper, events: Iterable[Event]) -> None:
    """Publish events inside the caller's transaction and store their blocks."""
    moment = open_transaction(cursor)

    def place(event: Event) -> tuple[int, int]:
        return event.company_id, event.concentrator_id or 0

    for (company_id, concentrator_id), own in groupby(sorted(events, key=place), key=place):
        blocks = Blocks(company_id, concentrator_id or None)
        publish(cursor, list(own), moment, blocks)
        blocks.store(cursor, moment.date())
