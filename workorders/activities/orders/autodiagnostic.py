"""Autodiagnostic: read the status word, reset it, read it again (001 2.3.1; profile 5.2).

The word read first is the one reported, by then the meter has forgotten it. Repeating is harmless.
"""

from devices.drivers.duties import ReadDiagnosis, ResetAlarms
from workorders.activities.orders.base import Facts, OrderActivity, Steps
from workorders.activities.orders.outcomes import done, named
from workorders.activities.orders.parameters import nothing


def _steps(_facts: Facts) -> Steps:
    first = yield ReadDiagnosis()
    yield ResetAlarms()
    left = yield ReadDiagnosis()
    return done(
        AUTODIAGNOSTIC,
        alarm_word=first.alarm_word,
        errors=first.errors,
        alarm_word_after=left.alarm_word,
    )


AUTODIAGNOSTIC = OrderActivity(
    **named("autodiagnostic"),
    command="READ_STATUSWORD",
    parse=nothing,
    steps=_steps,
)
