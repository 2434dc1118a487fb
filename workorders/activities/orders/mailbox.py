"""Orders that a concentrator carries out as a job of its mailbox (companion profile 3.4).

The job is the order's id: posted twice it runs once, and the list of jobs tells a lost answer.
"""

from collections.abc import Callable, Generator
from typing import Any

from devices.drivers.base import Busy, Refused
from devices.drivers.duties import Duty, Job, Post, ReadJobs
from hes.domain.catalogue import rows
from workorders.activities.orders.base import NotDone, OrderActivity, ReadBack, Result, Steps
from workorders.activities.orders.outcomes import done, failed

SET_ENTRY, DELETE_ENTRY, RECRUIT, RELEASE = 1, 2, 3, 4
METER_KEYS, AUTODISCOVERY, SYNCHRONISE_METER, PROBE_METER, WAKE_UP = 5, 6, 7, 8, 10

DONE, FAILED = 2, 3  # states of a job
_ORDER_BITS = 48
_POLLS = 20  # then the job is looked up again by a read-back
_REASONS = {int(row["code"]): row["text"] for row in rows("acknowledgements")}
NODE_SILENT = frozenset(_REASONS)
"""Codes that say a meter was not reached: 21, 40 to 42 (002)."""

Meaning = Callable[[OrderActivity, Job], Result]


def outcome(activity: OrderActivity, job: Job) -> Result:
    """The usual meaning of a job that has ended."""
    return done(activity) if job.state == DONE else failed(activity, reason(job))


def reason(job: Job) -> str:
    """`[TB_ACK_nn] REASON` of a failed job."""
    return f"[TB_ACK_{job.code}] {_REASONS.get(job.code, 'JOB FAILED')}"


def ordered(activity: OrderActivity, post: Post, meaning: Meaning = outcome) -> Steps:
    """Post the job and follow it; Busy while it still runs: a read-back sees its end."""
    yield post
    return meaning(activity, (yield from followed(post.job)))


def carried_out(duty: Duty, number: int) -> Generator[Duty, Any, None]:
    """One of several jobs of an order: posted and followed; raises Refused where it fails."""
    yield duty
    job = yield from followed(number)
    if job.state == FAILED:
        raise Refused(reason(job))


def step_number(order: int, command: int, mode: int = 0) -> int:
    """The job of one step of an order that posts several: the same at every repetition (*assumed*).

    Above every order's own number, and below 2**64.
    """
    return (command << 4 | mode) << _ORDER_BITS | order


def recruiting(order: int) -> int:
    """The job by which a commissioning recruits; its verification looks for its end."""
    return step_number(order, RECRUIT)


def found(activity: OrderActivity, number: int, meaning: Meaning = outcome) -> ReadBack:
    """Listed: followed; not listed: never accepted, so it may be posted again."""
    job = yield from listed(number)
    if job is None:
        return NotDone()
    if job.state in (DONE, FAILED):
        return meaning(activity, job)
    raise _still_running()


def followed(number: int) -> Generator[Duty, Any, Job]:
    """The job when it has ended; raises Busy while it runs."""
    for _ in range(_POLLS):
        job = yield from listed(number)
        if job is not None and job.state in (DONE, FAILED):
            return job
    raise _still_running()


def listed(number: int) -> Generator[Duty, Any, Job | None]:
    """The job as it stands; None where the concentrator does not know it."""
    jobs: tuple[Job, ...] = yield ReadJobs()
    return next((job for job in jobs if job.job == number), None)


def _still_running() -> Busy:
    return Busy("[TB_ACK_193] BUSY")
