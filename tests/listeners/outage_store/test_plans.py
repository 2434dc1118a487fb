"""Plans of a look must be good whatever statistics say: after a mass import there are none yet, and
those of a calm time say that nobody is dark.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from tests.factories import networks
from tests.factories.networks import World

pytestmark = pytest.mark.django_db(transaction=True)

Statement = tuple[str, Any]
OTHER_WAYS = ("seqscan", "hashjoin", "mergejoin", "bitmapscan")


@pytest.fixture
def world() -> World:
    made = networks.world()
    made.site(made.substation())
    return made


def asked(deed: Callable[[], object], about: str) -> list[Statement]:
    """The statements about something that a deed sends."""
    found: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        deed()
    return [one for one in found if about in one[0]]


def plan(statement: Statement) -> list[str]:
    """How it is done where all joins look like nested loops, the cheapest for hardly any row."""
    sql, params = statement
    with transaction.atomic(), connection.cursor() as cursor:
        for way in OTHER_WAYS:
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        return [line.strip() for (line,) in cursor.fetchall()]


def test_nobody_is_looked_up_by_the_time_of_his_installation(world: World) -> None:
    """Nearly all rows are valid now: whoever looks them up by that finds all, 100,000 times."""
    world.off([world.sites[0].concentrator, *world.sites[0].meters[:2]], 0)
    timed = asked(lambda: world.look(60), "validity @>")
    assert len(timed) >= 4, "losses of both, sites, and what is told"
    for lines in map(plan, timed):
        assert not [line for line in lines if "Index Cond: (validity" in line], lines


def test_a_meter_below_a_dark_concentrator_is_looked_up_by_its_index(world: World) -> None:
    """An anti join of two sets was planned as one loop in the other."""
    world.off([world.sites[0].concentrator], 0)
    [below] = asked(lambda: world.look(60), "o.meter_id = m.id")
    lines = plan(below)
    assert not [line for line in lines if "Anti Join" in line], lines
    assert sum("Index Cond: (meter_id = m.id)" in line for line in lines) >= 2, lines


def test_outages_are_counted_once_not_once_for_each(world: World) -> None:
    """What is aggregated inside of a nested loop is aggregated again for each row outside."""
    world.off([world.sites[0].concentrator], 0)
    [counted, *_] = asked(lambda: world.look(60), "count(DISTINCT meter_id)")
    lines = plan(counted)
    assert lines.index("CTE n") < min(n for n, line in enumerate(lines) if "Aggregate" in line)
    world.on([world.sites[0].concentrator], 600)
    [*_, closed] = asked(lambda: world.look(700), "SET state = 'closed'")
    assert "CTE n" in plan(closed)
