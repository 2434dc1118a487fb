"""Where a reader begins: the selector of a receiving link.

The SDK writes `amqp.annotation.x-opt-offset > '-1'` and its like (SDK 5.15.1,
`_utils.event_position_selector`).
"""

import re
from dataclasses import dataclass

from integration.eventhub_local.codec import Described
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.messages import text
from integration.eventhub_local.segments import Mark

SELECTOR = re.compile(
    r"\s*amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)(?:-utc)?"
    r"\s*(>=?)\s*'([^']{1,64})'\s*"
)
FIELDS = {"offset": "offset", "sequence-number": "sequence", "enqueued-time": "enqueued"}
LATEST = "@latest"
FILTER = "apache.org:selector-filter:string"
SOURCE_FILTER = 7  # field of a source (AMQP 1.0, 3.5.3)


@dataclass(frozen=True, slots=True)
class Position:
    """The first message wanted: the first with this number or, if not `inclusive`, behind it."""

    field: str
    value: int
    inclusive: bool = False

    def admits(self, place: Mark) -> bool:
        """Whether a message lies where reading begins or behind."""
        number: int = getattr(place, self.field)
        return number >= self.value if self.inclusive else number > self.value


EARLIEST = Position("offset", -1)


def wanted(source: list[object], next_sequence: int, end: int) -> Position:
    """The position a source asks for; `AmqpError` when it makes no sense in this log."""
    chosen = source[SOURCE_FILTER] if len(source) > SOURCE_FILTER else None
    found = {text(key): value for key, value in chosen.items()} if isinstance(chosen, dict) else {}
    if FILTER not in found:
        return EARLIEST
    described = found[FILTER]
    selector = text(described.value if isinstance(described, Described) else described)
    match = SELECTOR.fullmatch(selector)
    if match is None:
        raise AmqpError("amqp:invalid-field", f"the selector {selector!r:.120} is not understood")
    return _position(FIELDS[match[1]], match[2] == ">=", match[3], next_sequence, end)


def _position(field: str, inclusive: bool, value: str, next_sequence: int, end: int) -> Position:
    if value == LATEST:
        return Position("sequence", next_sequence, inclusive=True)
    try:
        position = Position(field, int(value), inclusive)
    except ValueError as fault:
        raise AmqpError("com.microsoft:argument-error", f"{value!r} is no {field}") from fault
    if field == "offset" and position.value >= max(end, 1):
        raise AmqpError(
            "com.microsoft:argument-out-of-range",
            f"The supplied offset '{value}' is invalid. The last offset in the system is '{end}'.",
        )
    return position
