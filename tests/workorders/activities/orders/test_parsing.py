"""Whatever is given as parameters is parsed or refused with a reply code, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hes.domain.catalogue import rows
from tests.workorders.activities.orders.model import PARAMETERS
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.registry import ACTIVITIES

KNOWN = {
    **{kind: tuple(parameters) for kind, parameters in PARAMETERS.items()},
    "reading": ("reading_types",),
    "maximum_power": ("reading_types",),
    "prepay_configure": ("warning", "limit"),
    "meter_entry_configuration": (*PARAMETERS["meter_entry_configuration"], "delete"),
    "contract_change": ("contract_power", "calendar", "tables"),
}
CODES = {row["code"] for row in rows("reply_error_codes")}
WORDS = st.text(max_size=12) | st.sampled_from(["1", "-1", "true", "10.0.1.36", "2026-09-06T00Z"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
VALUES = PLAIN | st.lists(PLAIN, max_size=4) | st.dictionaries(WORDS, PLAIN, max_size=4)


@pytest.mark.parametrize("kind", KNOWN)
@given(data=st.data())
def test_strange_values_are_parsed_or_refused(kind, data):
    strange = data.draw(st.dictionaries(st.sampled_from(KNOWN[kind]), VALUES))
    outcome = _parsed_or_refused(kind, {**PARAMETERS.get(kind, {}), **strange})
    if isinstance(outcome, Rejected):
        assert outcome.code in CODES
        assert " - " in outcome.text
    else:
        assert ACTIVITIES[kind].parse(json.loads(json.dumps(outcome))) == outcome


def _parsed_or_refused(kind, given):
    try:
        return ACTIVITIES[kind].parse(given)
    except Rejected as refused:
        return refused
