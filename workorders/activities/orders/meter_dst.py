"""Summer time of a meter: begin and end of the active pair (001 2.4; companion profile 5.2)."""

from devices.drivers.duties import ReadMeterDst, SetMeterDst
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.summer_times import pair, period


def _steps(facts: Facts) -> Steps:
    yield SetMeterDst(period(facts.parameters))
    if (yield ReadMeterDst()) != period(facts.parameters):
        return failed(METER_DST, "SUMMER TIME UNCHANGED")
    return done(METER_DST)


def _read_back(facts: Facts) -> ReadBack:
    active = yield ReadMeterDst()
    return done(METER_DST) if active == period(facts.parameters) else NotDone()


METER_DST = OrderActivity(
    **named("meter_dst"),
    command="SET_METER_DST",
    parse=pair,
    steps=_steps,
    read_back=_read_back,
)
