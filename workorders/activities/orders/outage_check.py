"""Outage check: does the meter answer its concentrator (003 5.7, 6.3 3.26.17.48; profile 5.1).

A silent meter is what was asked, not an error: the order is done with the finding 3.26.17.85.
"""

from devices.drivers.duties import Job, Post
from workorders.activities.orders import mailbox
from workorders.activities.orders.base import (
    Facts,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.failure import failure_text
from workorders.activities.orders.outcomes import named
from workorders.activities.orders.parameters import nothing


def _meaning(activity: OrderActivity, job: Job) -> Result:
    if job.state == mailbox.FAILED and job.code in mailbox.NODE_SILENT:
        text = failure_text(activity, mailbox.reason(job))
        return Result(True, activity.ko_code, text, values={"finding": job.code})
    return mailbox.outcome(activity, job)


def _steps(facts: Facts) -> Steps:
    post = Post(mailbox.PROBE_METER, facts.order, facts.mac)
    return mailbox.ordered(OUTAGE_CHECK, post, _meaning)


def _read_back(facts: Facts) -> ReadBack:
    return mailbox.found(OUTAGE_CHECK, facts.order, _meaning)


OUTAGE_CHECK = OrderActivity(
    **named("outage_check"),
    command="OUTAGE_CHECK",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
