"""Status word of a concentrator, read on demand (001 2.3.2; companion profile 3.1, 5.3)."""

from dataclasses import dataclass, replace

from devices.drivers.duties import ReadStatusWord
from devices.protocol.status_words import concentrator_labels
from workorders.activities.orders.base import Effect, Facts, OrderActivity, Steps
from workorders.activities.orders.outcomes import done, named
from workorders.activities.orders.parameters import nothing


@dataclass(frozen=True, slots=True)
class StatusWordRead(Effect):
    """Kept as the concentrator's last one: three bytes as printed."""

    word: bytes


def _steps(_facts: Facts) -> Steps:
    word = yield ReadStatusWord()
    labels = list(concentrator_labels(word))
    result = done(STATUS_WORD, status_word=word.hex().upper(), labels=labels)
    return replace(result, effects=(StatusWordRead(word),))


STATUS_WORD = OrderActivity(
    **named("status_word"),
    command="READ_LVC_STATUS",
    parse=nothing,
    steps=_steps,
)
