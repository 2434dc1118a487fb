"""One look at the changes of power: what they begin and end, and which outages explain it.

All of a look is one transaction, and one process looks at a time: it may be killed anywhere, and
the next one sees the same facts and decides the same.
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.outbox.blocks import Blocks, open_transaction
from devices.parameters import parameters_of
from hes.lib.collection import no_collection
from listeners import cursors
from listeners.outage_store import changes, corrections, figures, storms
from listeners.outage_store.applying import apply
from listeners.outage_store.changes import Taken
from listeners.outage_store.counting import End, close, count, ends
from listeners.outage_store.facts import facts_of, rules_of
from listeners.outage_store.telling import (
    CLOSED,
    CORRECTED,
    MERGED,
    OPENED,
    tell,
    tell_changes,
)
from listeners.outages.facts import Rules
from listeners.outages.rollup import judge
from listeners.outages.verdicts import Judgement

# Those with something to decide, and those whose storm may be over; changes outlive a company.
_COMPANIES = """
SELECT id FROM company WHERE id IN (
    SELECT company_id FROM interruption WHERE outage_id IS NULL AND NOT is_momentary
    UNION ALL SELECT company_id FROM outage WHERE id = ANY(%s)
    UNION ALL SELECT company_id FROM outage_storm WHERE until IS NULL)
ORDER BY id
"""


def look(now: datetime | None = None) -> int:
    """Read changes and judge; how many were read and decisions taken. 0: nothing is left to do.

    `now` is that of the database, unless a test says otherwise.
    """
    with no_collection(), transaction.atomic(), connection.cursor() as cursor:
        moment = now or open_transaction(cursor)
        held = cursors.take(cursor, changes.READER)
        if held is None:
            return 0
        taken = changes.take(cursor, held)
        corrected = corrections.take(cursor, taken, moment)
        figures.note_since(cursor, taken.since, moment)
        cursor.execute(_COMPANIES, [sorted(taken.outages)])
        companies = [company for (company,) in cursor.fetchall()]
        decided = sum(_Company(cursor, pk, moment).settle(taken) for pk in companies)
    return taken.changes + corrected + decided


class _Company:
    """The outages of one company in one look."""

    def __init__(self, cursor: CursorWrapper, company_id: int, now: datetime) -> None:
        self._cursor, self._pk, self._now = cursor, company_id, now
        self._blocks = Blocks(company_id, None)

    def settle(self, taken: Taken) -> int:
        """What the rules find now; how much that was. What follows from it the next look finds.

        While changes are still to be read nothing is judged: half a storm is no ground to.
        """
        rules, found = self._rules(), Judgement()
        if taken.is_all:
            found = judge(facts_of(self._cursor, self._pk), rules, self._now)
        closed = self._update(found, taken.outages, rules) if taken.outages or found.size else 0
        self._blocks.store(self._cursor, self._now.date())
        return found.size + closed

    def _rules(self) -> Rules:
        rate = parameters_of(self._pk).number("storm_rate")
        return rules_of(self._pk, storms.look(self._cursor, self._pk, rate, self._now))

    def _update(self, judgement: Judgement, touched: set[int], rules: Rules) -> int:
        """Keep what was decided, count whom it reaches, tell it; how many outages are over."""
        cursor, now = self._cursor, self._now
        told = ends(cursor, self._pk, touched)
        applied = apply(cursor, self._pk, judgement, now)
        counted = count(cursor, self._pk, touched.union(applied.opened, applied.grown))
        over = [one.outage for one in counted if one.is_over(rules)]
        tell(cursor, self._blocks, OPENED, applied.opened, now)
        tell(cursor, self._blocks, MERGED, applied.merged, now)
        tell_changes(cursor, counted, applied.opened, now)
        close(cursor, over, now)
        tell(cursor, self._blocks, CLOSED, over, now)
        self._correct(told)
        return len(over)

    def _correct(self, told: set[End]) -> None:
        """Count again what was closed before, and tell where that is not as it was told."""
        before = sorted(end.outage for end in told)
        close(self._cursor, before, self._now)
        changed = sorted(end.outage for end in ends(self._cursor, self._pk, before) - told)
        tell(self._cursor, self._blocks, CORRECTED, changed, self._now)
