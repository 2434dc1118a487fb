from pathlib import Path

import pytest

from devices import lifecycle
from devices.choices import ConcentratorState, KeyState, MeterState, ProcessState
from hes.domain.errors import IllegalMove

TABLES = [
    (lifecycle.METER, MeterState),
    (lifecycle.PROCESS, ProcessState),
    (lifecycle.CONCENTRATOR, ConcentratorState),
    (lifecycle.KEY, KeyState),
]


@pytest.mark.parametrize(("table", "states"), TABLES)
def test_a_table_knows_exactly_the_states_that_are_stored(table, states):
    assert set(table.moves) == set(states.values)
    assert set().union(*table.moves.values()) <= set(states.values)


def test_a_meter_is_installed_before_it_is_commissioned():
    lifecycle.METER.require("provisioned", "installed")
    lifecycle.METER.require("installed", "commissioned")
    with pytest.raises(IllegalMove, match="cannot go from provisioned to commissioned"):
        lifecycle.METER.require("provisioned", "commissioned")


def test_an_initialised_concentrator_leaves_only_by_removal():
    assert lifecycle.CONCENTRATOR.moves["initialised"] == {"removed"}


def test_a_withdrawn_key_never_comes_back():
    with pytest.raises(IllegalMove, match="followed by nothing"):
        lifecycle.KEY.require("withdrawn", "active")


def test_every_process_step_may_be_closed():
    assert lifecycle.PROCESS.before("") == sorted(set(ProcessState.values) - {""})


def test_the_diagram_shows_every_move():
    lines = lifecycle.PROCESS.diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert "    to_associate --> to_commission" in lines
    assert "    none --> to_associate" in lines
    assert len(lines) == 1 + sum(map(len, lifecycle.PROCESS.moves.values()))


@pytest.mark.parametrize(
    "table",
    [lifecycle.METER, lifecycle.PROCESS, lifecycle.CONCENTRATOR, lifecycle.KEY],
    ids=lambda table: table.subject,
)
def test_the_documentation_draws_the_tables_as_they_are(table: lifecycle.LifeCycle) -> None:
    page = Path(__file__).parents[2] / "docs" / "lifecycle.md"
    assert table.diagram().rstrip() in page.read_text(encoding="utf-8")
