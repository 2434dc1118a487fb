"""Orders of scripts take over the steps of the released version they name, or the newest one.

Codes (assumed): 5.8 no such script in the company, 7.7 not released, 2.29 for another target.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from workorders.activities.orders.base import Rejected
from workorders.activities.orders.registry import ACTIVITIES
from workorders.intake import Draft

# The newest released version first; where none is released, the newest says that it is not.
_FIND = """
SELECT s.version, s.target, s.released_at IS NOT NULL, s.steps
FROM unnest(%s::text[], %s::int[]) WITH ORDINALITY AS r(name, version, number)
    LEFT JOIN LATERAL (SELECT * FROM script s
        WHERE s.company_id = %s AND s.name = r.name
            AND (r.version IS NULL OR s.version = r.version)
        ORDER BY s.released_at IS NOT NULL DESC, s.version DESC LIMIT 1) s ON true
ORDER BY r.number
"""


def released(
    cursor: CursorWrapper, company: int, drafts: Sequence[Draft]
) -> Sequence[dict[str, Any] | Rejected]:
    """Name, version and steps as released; one query for all."""
    names = [draft.parameters["script"] for draft in drafts]
    versions = [draft.parameters.get("version") for draft in drafts]
    cursor.execute(_FIND, [names, versions, company])
    return [_prepared(draft, *row) for draft, row in zip(drafts, cursor.fetchall(), strict=True)]


def _prepared(
    draft: Draft, version: int | None, target: str, is_released: bool, steps: str
) -> dict[str, Any] | Rejected:
    name, asked = draft.parameters["script"], draft.parameters.get("version")
    which = name if asked is None else f"{name} {asked}"
    if version is None:
        return Rejected("5.8", f"there is no script {which} - see `hes script list`")
    wanted = ACTIVITIES[draft.request.kind].target
    if target != wanted:
        return Rejected("2.29", f"script {which} is for a {target}, not for a {wanted}")
    if not is_released:
        return Rejected("7.7", f"script {which} is not released - another person releases it")
    return {"script": name, "version": version, "steps": json.loads(steps)}
