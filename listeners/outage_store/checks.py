"""Bellwethers: a few meters of a node are asked whether they have power (issue 5.4).

Of an open outage meters that are dark are asked: who answers is lit, and that ends it for him. Of
a site that is only suspected (`listeners.outages.suspicion`) meters that are not: who is silent
counts as dark from then on, and so the suspicion becomes an outage or not. That a silent meter of a
suspected site has no power is *assumed*: PLC meters are silent for other reasons too.

Orders have source `rule`. A node has a pause that doubles with every round, up to a cap; in a storm
only a few are open at once. No breaker is moved: `outage_check` only asks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.models import Company
from devices.parameters import Parameters, parameters_of
from hes.lib.arrays import numbers, words
from listeners.models import Finding
from listeners.outage_store import storms
from listeners.outage_store.facts import facts_of, rules_of
from listeners.outages.facts import Level, Node
from listeners.outages.suspicion import suspects
from workorders import submission
from workorders.models import OrderSource
from workorders.requests import Request

KIND = "outage_check"
WHO = "rule:outages"
AT_ONCE = 300  # meters of a company in one look
PRIORITY = 5  # before what is usual, behind what a person calls urgent (assumed)
MEMORY = timedelta(days=1)  # rounds of a suspicion that is older count no more

_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('hes_outage_checks'))"
_OPEN_CHECKS = "SELECT count(*) FROM outage_check WHERE company_id = %s AND finding = ''"
# Rounds go on where a suspicion has become an outage: nobody is asked the same again at once.
_OUTAGES = """
SELECT o.id, o.level, o.node_id, count(DISTINCT k.round), max(k.asked_at),
    coalesce(bool_or(k.finding = ''), false)
FROM outage o LEFT JOIN outage_check k ON k.level = o.level AND k.node_id = o.node_id
    AND (k.outage_id = o.id OR k.outage_id IS NULL AND k.asked_at >= o.since)
WHERE o.company_id = %s AND o.state = 'open' AND o.level <> 'meter'
GROUP BY o.id ORDER BY o.customers_out DESC, o.id
"""
_OF_SUSPECTS = """
SELECT g.level, g.node, count(DISTINCT k.round), max(k.asked_at),
    coalesce(bool_or(k.finding = ''), false)
FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS g (level, node, n)
    LEFT JOIN outage_check k ON k.level = g.level AND k.node_id = g.node
        AND k.outage_id IS NULL AND k.asked_at > %s
GROUP BY g.level, g.node, g.n ORDER BY g.n
"""
# One of each concentrator first; those that are reached best; others in the next round.
_CHOICE = """
SELECT m.id, m.serial_number FROM ({candidates}) x
    JOIN meter m ON m.id = x.meter_id AND m.state = 'commissioned'
    JOIN concentrator c ON c.id = x.concentrator_id AND c.state = 'initialised'
        AND NOT c.stop_activity AND c.host <> ''
    LEFT JOIN meter_statistics s ON s.meter_id = m.id
WHERE NOT EXISTS (SELECT FROM work_order w
    WHERE w.meter_id = m.id AND w.kind = 'outage_check' AND w.ended_at IS NULL)
ORDER BY row_number() OVER (PARTITION BY x.concentrator_id ORDER BY
    coalesce(s.missed_contacts, 0), (m.id * 7919 + %(round)s * 104729) %% 1009), m.id
LIMIT %(limit)s
"""
_DARK = _CHOICE.format(
    candidates="""SELECT meter_id, concentrator_id FROM interruption
    WHERE outage_id = %(outage)s AND ended_at IS NULL AND meter_id IS NOT NULL"""
)
_LIT = """SELECT a.meter_id, a.concentrator_id FROM concentrator n
    JOIN association a ON a.concentrator_id = n.id AND (a.validity @> now()) IS TRUE
    WHERE n.{column} = %(node)s AND NOT EXISTS (SELECT FROM interruption i
        WHERE i.meter_id = a.meter_id AND i.ended_at IS NULL)"""
_LIT_OF = {
    Level.TRANSFORMER: _CHOICE.format(candidates=_LIT.format(column="transformer_id")),
    Level.CONCENTRATOR: _CHOICE.format(candidates=_LIT.format(column="id")),
}
_KEEP = """
INSERT INTO outage_check (company_id, level, node_id, outage_id, meter_id, round, asked_at,
    order_id, finding) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


class _Due(NamedTuple):
    """A node whose bellwethers may be asked again, for the `round`-th time."""

    node: Node
    outage: int | None
    round: int


def ask(now: datetime | None = None) -> int:
    """Ask the bellwethers that are due in all companies; how many, with those that were refused."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT statement_timestamp()")
        moment = now or cursor.fetchone()[0]
        companies = Company.objects.order_by("pk").values_list("pk", flat=True)
        return sum(_Asking(cursor, company, moment).ask() for company in companies)


class _Asking:
    """The checks of one company."""

    def __init__(self, cursor: CursorWrapper, company_id: int, now: datetime) -> None:
        self._cursor, self._pk, self._now = cursor, company_id, now
        self._settings: Parameters = parameters_of(company_id)
        self._is_storm = storms.is_on(cursor, company_id)

    def ask(self) -> int:
        """Ask what is due, as far as there is room."""
        meters, room = self._settings.number("outage_checks"), self._room()
        asked = 0
        for due in self._due() if meters else ():
            if asked >= room:
                break
            asked += self._ask(due, min(meters, room - asked))
        return asked

    def _room(self) -> int:
        if not self._is_storm:
            return AT_ONCE
        self._cursor.execute(_OPEN_CHECKS, [self._pk])
        open_now: int = self._cursor.fetchone()[0]
        return max(0, self._settings.number("outage_check_storm_cap") - open_now)

    def _due(self) -> Iterable[_Due]:
        """Open outages, the largest first, then sites under suspicion."""
        self._cursor.execute(_OUTAGES, [self._pk])
        for outage, level, node, *asked in self._cursor.fetchall():
            if self._is_due(*asked):
                yield _Due(Node(Level(level), node), outage, asked[0] + 1)
        for level, node, *asked in self._suspects():
            if self._is_due(*asked):
                yield _Due(Node(Level(level), node), None, asked[0] + 1)

    def _suspects(self) -> list[tuple[Any, ...]]:
        """Level, node, rounds, when the last was, and whether it is open."""
        rules = rules_of(self._pk, self._is_storm)
        nodes = suspects(facts_of(self._cursor, self._pk), rules, self._now)
        columns = words(node.level for node in nodes), numbers(node.id for node in nodes)
        self._cursor.execute(_OF_SUSPECTS, [*columns, self._now - MEMORY])
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def _is_due(self, rounds: int, asked_at: datetime | None, is_open: bool) -> bool:
        if asked_at is None:
            return True
        pause = self._settings.number("outage_check_pause") * 2.0 ** min(rounds - 1, 20)
        longest = self._settings.number("outage_check_pause_cap")
        return not is_open and self._now >= asked_at + timedelta(seconds=min(pause, longest))

    def _ask(self, due: _Due, limit: int) -> int:
        values = {"outage": due.outage, "node": due.node.id}
        choice = _LIT_OF[due.node.level] if due.outage is None else _DARK
        self._cursor.execute(choice, {**values, "round": due.round, "limit": limit})
        chosen = self._cursor.fetchall()
        requests = [self._request(due, serial) for _, serial in chosen]
        orders = [answer.order_id for answer in submission.submit(requests)]
        self._keep(due, [meter for meter, _ in chosen], orders)
        return len(orders)

    def _request(self, due: _Due, serial: str) -> Request:
        name = f"outage-{due.outage}" if due.outage else f"{due.node.level}-{due.node.id}"
        life = timedelta(seconds=self._settings.number("outage_check_pause"))
        return Request(
            KIND,
            self._pk,
            meter=serial,
            priority=PRIORITY,
            source=OrderSource.RULE,
            requested_by=WHO,
            outer_id=f"{name}:{due.round}:{serial}:{self._now:%Y%m%dT%H%M%S}",
            expires_at=self._now + life,
        )

    def _keep(self, due: _Due, meters: Sequence[int], orders: Sequence[int | None]) -> None:
        """Also those whose order was refused: the pause holds for them too."""
        place = (self._pk, due.node.level, due.node.id, due.outage)
        rows = [
            (*place, meter, due.round, self._now, order, "" if order else Finding.NONE)
            for meter, order in zip(meters, orders, strict=True)
        ]
        self._cursor.executemany(_KEEP, rows)
