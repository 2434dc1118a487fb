"""Which image a firmware order is accepted with: released, for this device, and alone there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from workorders.activities.orders.base import Rejected
from workorders.activities.orders.registry import ACTIVITIES
from workorders.intake import Draft

LOCK = 0x4657  # first half of the advisory lock's name, the company is the second

_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
_IMAGES = """
SELECT identifier, id, target, model, version, size, released_at IS NOT NULL FROM firmware_image
WHERE company_id = %s AND identifier = ANY(%s)
"""
_MODELS = """
SELECT m.id, d.code FROM meter m JOIN meter_model d ON d.id = m.model_id WHERE m.id = ANY(%s)
"""
_OPEN = """
SELECT concentrator_id, coalesce(meter_id, 0), id, idempotency_key FROM work_order
WHERE kind IN ('concentrator_firmware', 'meter_firmware') AND ended_at IS NULL
    AND concentrator_id = ANY(%s)
"""

Device = tuple[int, int]
"""(concentrator, meter; 0: the concentrator itself)."""


@dataclass(frozen=True, slots=True)
class _Image:
    identifier: str
    id: int
    target: str
    model: str
    version: str
    size: int
    is_released: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says about the drafts of one call."""

    images: Mapping[str, _Image]
    models: Mapping[int, str]
    open: dict[Device, tuple[int, str]]  # device -> its open firmware order and that one's key

    def choose(self, draft: Draft) -> _Image:
        """Raises Rejected; the device is taken from now on."""
        wanted = draft.parameters["image"]
        image = self.images.get(wanted)
        if image is None or image.target != ACTIVITIES[draft.request.kind].target:
            there = "see `hes firmware list`"
            raise Rejected("5.8", f"parameter image is {wanted!r} - no such image; {there}")
        if not image.is_released:
            raise Rejected("5.2", f"image {wanted} is not released - another person releases it")
        meter = draft.place.meter if draft.place else None
        if meter and self.models.get(meter) != image.model:
            text = f"image {wanted} is for {image.model}, the meter is a {self.models.get(meter)}"
            raise Rejected("2.29", text)
        self._take(draft)
        return image

    def _take(self, draft: Draft) -> None:
        """Two images on their way into one device would begin anew over and over."""
        order, key = self.open.setdefault(_device(draft), (0, draft.key))
        if key != draft.key:
            which = f"order {order}" if order else "another order of this request"
            raise Rejected("6.1", f"{which} updates this device already - cancel it first")


def choose(
    cursor: CursorWrapper, company: int, drafts: Sequence[Draft]
) -> Sequence[dict[str, Any] | Rejected]:
    """Parameters with the image's facts, or why not; calls of one company come one by one."""
    cursor.execute(_LOCK, [LOCK, company])
    known = _known(cursor, company, drafts)
    return [_answer(known, draft) for draft in drafts]


def _answer(known: _Known, draft: Draft) -> dict[str, Any] | Rejected:
    try:
        image = known.choose(draft)
    except Rejected as refused:
        return refused
    facts = {"image_id": image.id, "version": image.version, "size": image.size}
    return {**draft.parameters, **facts}


def _known(cursor: CursorWrapper, company: int, drafts: Sequence[Draft]) -> _Known:
    cursor.execute(_IMAGES, [company, [draft.parameters["image"] for draft in drafts]])
    images = {row[0]: _Image(*row) for row in cursor.fetchall()}
    places = [draft.place for draft in drafts if draft.place]
    cursor.execute(_MODELS, [[place.meter for place in places if place.meter]])
    models: dict[int, str] = dict(cursor.fetchall())
    cursor.execute(_OPEN, [[place.concentrator for place in places]])
    taken = {(td, meter): (order, key) for td, meter, order, key in cursor.fetchall()}
    return _Known(images, models, taken)


def _device(draft: Draft) -> Device:
    place = draft.place
    return (place.concentrator or 0, place.meter or 0) if place else (0, 0)
