"""The life of a work order as a table: from which state what leads where (design D13).

Pure. SENDING is committed before the first byte of a command; only UNKNOWN may follow a lost
answer, and only a harmless read leads out of it. A state that nothing leaves is final.
"""

from enum import StrEnum

from hes.domain.errors import IllegalMove


class OrderState(StrEnum):
    """Values are stored."""

    HELD = "held"  # waits for another person's approval
    QUEUED = "queued"
    LEASED = "leased"  # in a visit, nothing that changes the device was sent
    SENDING = "sending"  # a command may be under way or executed
    UNKNOWN = "unknown"  # it may have been executed; a read will tell
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PREEMPTED = "preempted"  # a newer order of the same meter took its place


class Cause(StrEnum):
    """What moves an order."""

    APPROVED = "approved"
    REFUSED = "refused"  # by the approver
    CLAIMED = "claimed"
    GIVEN_BACK = "given back"  # nothing was sent: never connected, visit ended, lease over
    HELD_BACK = "held back"  # the guard, in the SENDING transaction
    PACED = "paced"  # a reconnection whose turn comes a little later
    BEGUN = "begun"  # the point of no return
    CONTINUED = "to be continued"  # all that was sent was answered; the rest in another visit
    ANSWERED = "answered"  # carried out
    DENIED = "denied"  # a clean no: not executed
    LOST = "lost"  # no answer after SENDING
    FOUND_DONE = "found done"
    FOUND_UNDONE = "found undone"
    FOUND_FAILED = "found failed"
    RESOLVED_DONE = "resolved as done"  # a person, after five silent reads
    RESOLVED_FAILED = "resolved as failed"
    EXECUTED_LOCALLY = "executed locally"  # at the device, by the field app
    FAILED_LOCALLY = "failed locally"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


S, C = OrderState, Cause
TRANSITIONS: dict[tuple[OrderState, Cause], OrderState] = {
    (S.HELD, C.APPROVED): S.QUEUED,
    (S.HELD, C.REFUSED): S.CANCELLED,
    (S.HELD, C.CANCELLED): S.CANCELLED,
    (S.HELD, C.EXPIRED): S.EXPIRED,
    (S.HELD, C.SUPERSEDED): S.PREEMPTED,
    (S.QUEUED, C.CLAIMED): S.LEASED,
    (S.QUEUED, C.CANCELLED): S.CANCELLED,
    (S.QUEUED, C.EXPIRED): S.EXPIRED,
    (S.QUEUED, C.SUPERSEDED): S.PREEMPTED,
    (S.LEASED, C.GIVEN_BACK): S.QUEUED,
    (S.LEASED, C.HELD_BACK): S.HELD,
    (S.LEASED, C.PACED): S.QUEUED,
    (S.LEASED, C.BEGUN): S.SENDING,
    (S.LEASED, C.CONTINUED): S.QUEUED,
    (S.LEASED, C.ANSWERED): S.DONE,  # a reading never begins to send
    (S.LEASED, C.DENIED): S.FAILED,
    (S.LEASED, C.CANCELLED): S.CANCELLED,
    (S.LEASED, C.EXPIRED): S.EXPIRED,
    (S.LEASED, C.SUPERSEDED): S.PREEMPTED,
    (S.SENDING, C.ANSWERED): S.DONE,
    (S.SENDING, C.DENIED): S.FAILED,
    (S.SENDING, C.LOST): S.UNKNOWN,
    (S.SENDING, C.CONTINUED): S.QUEUED,
    (S.UNKNOWN, C.FOUND_DONE): S.DONE,
    (S.UNKNOWN, C.FOUND_UNDONE): S.QUEUED,
    (S.UNKNOWN, C.FOUND_FAILED): S.FAILED,
    (S.UNKNOWN, C.RESOLVED_DONE): S.DONE,
    (S.UNKNOWN, C.RESOLVED_FAILED): S.FAILED,
    # What was done at the device is not done again: a credit would be charged twice. Not while a
    # command is under way; out of UNKNOWN only in the place of a person (`local_results`), and
    # not by a failure: that somebody could not do it does not say that our command did not.
    (S.HELD, C.EXECUTED_LOCALLY): S.DONE,
    (S.QUEUED, C.EXECUTED_LOCALLY): S.DONE,
    (S.LEASED, C.EXECUTED_LOCALLY): S.DONE,
    (S.UNKNOWN, C.EXECUTED_LOCALLY): S.DONE,
    (S.HELD, C.FAILED_LOCALLY): S.FAILED,
    (S.QUEUED, C.FAILED_LOCALLY): S.FAILED,
    (S.LEASED, C.FAILED_LOCALLY): S.FAILED,
    # A reconnection may always be sent: it closes what is unknown of an older disconnection.
    (S.UNKNOWN, C.SUPERSEDED): S.PREEMPTED,
}
FINAL = frozenset(set(S) - {source for source, _ in TRANSITIONS})
IN_FLIGHT = frozenset({S.SENDING, S.UNKNOWN})


def after(state: OrderState, cause: Cause) -> OrderState:
    """The next state. Raises IllegalMove naming both."""
    try:
        return TRANSITIONS[state, cause]
    except KeyError:
        raise IllegalMove(f"an order that is {state} cannot be {cause}") from None


def sources(cause: Cause) -> list[OrderState]:
    """The states that a cause leads out of: the condition of its UPDATE."""
    return [state for state, leads in TRANSITIONS if leads is cause]
