"""What must be true of stored rows at any time: one invariant, one query, one snapshot.

So it holds on a live system too. Each part of the system has its own list, and a scope: common
table expressions that say which rows are looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

SHOWN = 20

Values = Mapping[str, str | int | list[str] | None]

_CHECK = """
{scope}, found (id, why) AS ({query}),
worst AS (SELECT id, why FROM found WHERE why IS NOT NULL ORDER BY id, why LIMIT {shown})
SELECT (SELECT count(*) FROM found), (SELECT count(why) FROM found),
    ARRAY(SELECT id FROM worst ORDER BY id, why), ARRAY(SELECT why FROM worst ORDER BY id, why)
"""


@dataclass(frozen=True, slots=True)
class Invariant:
    """`query` yields (number, why) of all it looks at; a `why` of NULL: it holds."""

    name: str
    meaning: str
    query: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Of how many rows an invariant was checked, by how many broken; the first of those and why."""

    invariant: Invariant
    checked: int
    broken: int
    examples: tuple[tuple[int, str], ...]


def check_all(invariants: Iterable[Invariant], scope: str, values: Values) -> list[Checked]:
    """Each of them; `scope` begins with WITH and names the rows that the queries look at."""
    return [_check(invariant, scope, values) for invariant in invariants]


def _check(invariant: Invariant, scope: str, values: Values) -> Checked:
    statement = _CHECK.format(scope=scope, query=invariant.query, shown=SHOWN)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        count, bad, numbers, reasons = cursor.fetchone()
    return Checked(invariant, count, bad, tuple(zip(numbers, reasons, strict=True)))
