"""The rule of missed contacts ("nrn"), stated once, for meters and concentrators (design 7).

A contact that was made sets the count to 0 and makes the device reachable. A missed one adds one;
above the maximum the device is no longer reachable. `flipped` tells what the update did, because
only a column computed in the update itself is right when two writers meet (design D9).
"""

from enum import IntEnum

from hes.domain.events import EventKind


class Outcome(IntEnum):
    """What one contact came to; numbers are those of the `outcome` expression below."""

    MADE = 1
    MISSED = 2


def assignments(row: str, outcome: str, maximum: str) -> str:
    """The SET list of an UPDATE of a table with missed_contacts, is_reachable and flipped.

    `row` is the name of the row updated, `outcome` and `maximum` are SQL expressions; an outcome
    of NULL leaves everything as it is.
    """
    lost = f"{outcome} = {Outcome.MISSED:d} AND {row}.missed_contacts + 1 > {maximum}"
    back = f"{outcome} = {Outcome.MADE:d}"
    return f"""
        missed_contacts = CASE {outcome} WHEN {Outcome.MADE:d} THEN 0
            WHEN {Outcome.MISSED:d} THEN {row}.missed_contacts + 1 ELSE {row}.missed_contacts END,
        is_reachable = CASE WHEN {back} THEN TRUE WHEN {lost} THEN FALSE
            ELSE {row}.is_reachable END,
        flipped = CASE WHEN {back} AND NOT {row}.is_reachable THEN 1
            WHEN {lost} AND {row}.is_reachable THEN -1 ELSE 0 END"""


METER_EVENT = {1: EventKind.METER_REACHABLE, -1: EventKind.METER_UNREACHABLE}
CONCENTRATOR_EVENT = {1: EventKind.CONCENTRATOR_REACHABLE, -1: EventKind.CONCENTRATOR_UNREACHABLE}
