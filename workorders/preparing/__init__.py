"""Parameters that an order takes over from the inventory when it is accepted.

A script, an image or a profile may change later: the order carries what it was accepted with. One
kind, one function; each is asked once per call with all drafts of its kind.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.backends.utils import CursorWrapper

from workorders.activities.orders.base import Rejected
from workorders.intake import Draft
from workorders.preparing import concentrators, images, meters, scripts

Preparing = Callable[[CursorWrapper, int, Sequence[Draft]], Sequence[dict[str, Any] | Rejected]]
"""(cursor, company, drafts of its kind) -> for each its whole parameters, or why it is refused."""

PREPARING: Mapping[str, Preparing] = {
    "concentrator_technical_configuration": concentrators.technical_configuration,
    "concentrator_dst": concentrators.dst,
    "meter_script": scripts.released,
    "concentrator_script": scripts.released,
    "commissioning": meters.commissioning,
    "verify_commissioning": meters.verification,
    "meter_technical_configuration": meters.setup,
    "meter_entry_configuration": meters.entry,
    "decommissioning": meters.decommissioning,
    "meter_firmware": images.choose,
    "concentrator_firmware": images.choose,
}


def prepare(cursor: CursorWrapper, drafts: Sequence[Draft | Rejected]) -> list[Draft | Rejected]:
    """The drafts with whole parameters; a bundle of which one step is refused is refused."""
    accepted = [draft for draft in drafts if isinstance(draft, Draft)]
    singles = [single for draft in accepted for single in draft.steps or (draft,)]
    found: dict[str, dict[str, Any] | Rejected] = {}
    for kind in {single.request.kind for single in singles} & PREPARING.keys():
        same = [single for single in singles if single.request.kind == kind]
        answers = PREPARING[kind](cursor, same[0].request.company_id, same)
        found |= {draft.key: answer for draft, answer in zip(same, answers, strict=True)}
    return [_whole(draft, found) if isinstance(draft, Draft) else draft for draft in drafts]


def _whole(draft: Draft, found: Mapping[str, dict[str, Any] | Rejected]) -> Draft | Rejected:
    if draft.steps:
        steps = [_whole(step, found) for step in draft.steps]
        return _first_refusal(steps) or replace(draft, steps=tuple(_accepted(steps)))
    answer = found.get(draft.key, draft.parameters)
    return answer if isinstance(answer, Rejected) else replace(draft, parameters=answer)


def _first_refusal(drafts: Iterable[Draft | Rejected]) -> Rejected | None:
    return next((draft for draft in drafts if isinstance(draft, Rejected)), None)


def _accepted(drafts: Iterable[Draft | Rejected]) -> Iterable[Draft]:
    return (draft for draft in drafts if isinstance(draft, Draft))
