"""The last steps of every visit: clock, summer times, status word (companion profile 3.1).

A refusal of one step is noted and the next one tried; worse errors end the visit.
"""

import logging
import time
from datetime import UTC, datetime

from devices import recording
from devices.drivers.base import NodeSilent, Refused
from hes.domain.time import offset_at
from workorders.activities.clock import ClockRules, ClockStep, missing_summer_times
from workorders.effects import summer_times
from workorders.visiting import Visiting

log = logging.getLogger(__name__)


async def say_farewell(visit: Visiting) -> None:
    """Run the last steps in their order."""
    for step in (_clock, _summer_times, _status_word):
        visit.require_lease()
        try:
            await step(visit)
        except (Refused, NodeSilent) as error:
            visit.outcome.notes.append(error.text)


async def _clock(visit: Visiting) -> None:
    """Read the clock; set it where the drift asks for it and our own clock is proven."""
    reading = await visit.open_session.read_clock()
    step = _rules(visit).step(reading.drift)
    visit.outcome.clock_drift = reading.drift
    stepped = step is ClockStep.SET and _may_set_clocks(visit)
    if stepped:
        await visit.open_session.set_clock(offset_at(visit.zone, int(time.time())))
    await visit.means.control(
        recording.record_clock,
        visit.concentrator,
        drift=reading.drift,
        stepped=stepped,
        refused=step is ClockStep.REFUSE,
        at=datetime.now(UTC),
        fence=visit.fence,
    )


async def _summer_times(visit: Visiting) -> None:
    """The zone's, or those of an order; our own clock says which year it is."""
    known, now = await visit.open_session.read_dst(), int(time.time())
    if missing_summer_times(known, visit.zone, now):  # seldom: only then it is asked for orders
        ordered = await visit.means.control(summer_times.of, visit.concentrator)
        missing = missing_summer_times(known, visit.zone, now, ordered)
    else:
        missing = ()
    if missing and _may_set_clocks(visit):
        await visit.open_session.set_dst(missing)


async def _status_word(visit: Visiting) -> None:
    word = await visit.open_session.status_word()
    await visit.means.control(
        recording.record_status_word, visit.concentrator, word, datetime.now(UTC), visit.fence
    )


def _rules(visit: Visiting) -> ClockRules:
    return ClockRules(visit.setting("clock_tolerance"), visit.setting("clock_step_limit"))


def _may_set_clocks(visit: Visiting) -> bool:
    objection = visit.means.clock_objection(visit.setting("host_clock_limit"))
    if objection and objection not in visit.outcome.notes:
        visit.outcome.notes.append(objection)
        log.warning("%s: clock not set: %s", visit.assignment.claim.serial, objection)
    return not objection
