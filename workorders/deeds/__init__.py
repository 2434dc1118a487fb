"""What the head-end itself does in the middle of an order: one kind of deed, one function.

Each runs on the control thread in a transaction of its own that begins with the lane's fence, and
is committed before the steps go on. Doing it twice must be harmless.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.drivers.duties import Duty
from workorders import lanes
from workorders.activities.orders.base import DrawTransaction
from workorders.activities.orders.image_transfer import FetchBlocks, NoteUpdate, WorkedBefore
from workorders.activities.orders.keys import (
    ActivateKeys,
    LookUpKeys,
    NoteStep,
    OfferPublic,
    PrepareKeys,
    RetireKeys,
    WrapForConcentrator,
    WrapKeys,
    WrapSecret,
)
from workorders.activities.orders.life import NoteRecruited
from workorders.activities.orders.scripts import NoteSteps
from workorders.deeds import images, keys
from workorders.effects import life
from workorders.lanes import Claim
from workorders.orders import Taken

_NOTE_STEPS = """
UPDATE work_order SET parameters = parameters || jsonb_build_object('done',
    greatest(%(done)s::int, coalesce((parameters->>'done')::int, 0)))
WHERE id = %(order)s
"""
Doing = Callable[[CursorWrapper, Taken, Any], object]


def do(taken: Taken, claim: Claim, duty: Duty) -> object:
    """Carry out a deed and commit; returns its answer. Raises LeaseLost, and Refused where the
    deed cannot be done."""
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.fence(claim)(cursor)
        return DEEDS[type(duty)](cursor, taken, duty)


def _drawn(cursor: CursorWrapper, taken: Taken, _: Duty) -> int:
    """SENDING has drawn it already."""
    cursor.execute("SELECT transaction FROM work_order WHERE id = %s", [taken.order])
    return int(cursor.fetchone()[0])


def _noted(cursor: CursorWrapper, taken: Taken, duty: NoteSteps) -> None:
    """Beside the steps that the order carries; a note never goes back."""
    cursor.execute(_NOTE_STEPS, {"order": taken.order, "done": duty.done})


DEEDS: Mapping[type[Duty], Doing] = {
    DrawTransaction: _drawn,
    NoteSteps: _noted,
    NoteRecruited: life.recruited,
    LookUpKeys: keys.look_up,
    PrepareKeys: keys.prepare,
    OfferPublic: keys.offer_public,
    WrapKeys: keys.wrap,
    WrapForConcentrator: keys.wrap_for_concentrator,
    WrapSecret: keys.wrap_secret,
    ActivateKeys: keys.activate,
    RetireKeys: keys.retire,
    NoteStep: keys.note_step,
    FetchBlocks: images.blocks,
    WorkedBefore: images.worked_before,
    NoteUpdate: images.note_update,
}
