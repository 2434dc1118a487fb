"""What the head-end itself does in the middle of an order: one kind of deed, one function.

Each runs on the control thread in a transaction of its own that begins with the lane's fence, and
is committed before the steps go on. Doing it twice must be harmless.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.drivers.duties import Duty
from workorders import image_deeds, key_deeds, lanes, life_steps
from workorders.activities.orders import keys
from workorders.activities.orders.base import DrawTransaction
from workorders.activities.orders.image_transfer import FetchBlocks, NoteUpdate, WorkedBefore
from workorders.activities.orders.life import NoteRecruited
from workorders.activities.orders.scripts import NoteSteps
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
    NoteRecruited: life_steps.recruited,
    keys.LookUpKeys: key_deeds.look_up,
    keys.PrepareKeys: key_deeds.prepare,
    keys.OfferPublic: key_deeds.offer_public,
    keys.WrapKeys: key_deeds.wrap,
    keys.WrapForConcentrator: key_deeds.wrap_for_concentrator,
    keys.WrapSecret: key_deeds.wrap_secret,
    keys.ActivateKeys: key_deeds.activate,
    keys.RetireKeys: key_deeds.retire,
    keys.NoteStep: key_deeds.note_step,
    FetchBlocks: image_deeds.blocks,
    WorkedBefore: image_deeds.worked_before,
    NoteUpdate: image_deeds.note_update,
}
