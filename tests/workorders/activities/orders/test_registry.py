"""What is registered agrees with the code tables, and parses its own result again."""

import pytest

from devices.drivers.duties import ReadRegisters
from hes.domain.catalogue import rows
from hes.domain.order_kinds import KINDS
from tests.workorders.activities.orders.model import PARAMETERS
from workorders.activities.orders.base import Rejected, Target
from workorders.activities.orders.breakers import MOVERS
from workorders.activities.orders.failure import FIRST_EXCHANGE, command_of
from workorders.activities.orders.reconnect import ALREADY_CONNECTED
from workorders.activities.orders.registry import ACTIVITIES

TYPES = {row["kind"]: row for row in rows("activity_types")}
RESULTS = {row["order_kind"]: row for row in rows("order_results")}

each = pytest.mark.parametrize("activity", ACTIVITIES.values(), ids=lambda activity: activity.kind)


@each
def test_kind_name_target_and_area_are_those_of_the_table(activity):
    row = TYPES[activity.kind]
    assert activity.printed == row["printed_name"]
    assert activity.target == row["target"]
    assert activity.is_commercial == (row["area"] == "commercial")


@each
def test_the_codes_are_those_of_the_table(activity):
    others = "concentrator orders" if activity.target is Target.CONCENTRATOR else None
    row = RESULTS.get(activity.kind) or RESULTS[others or "other meter orders"]
    assert row["ok_code"].startswith(activity.ok_code or "none")
    assert row["ko_code"] == activity.ko_code


def test_the_code_of_a_meter_connected_already_stands_in_the_table():
    assert f"({ALREADY_CONNECTED} when already connected)" in RESULTS["reconnect"]["ok_code"]


@each
def test_what_was_parsed_is_plain_and_parses_again(activity):
    parsed = activity.parse(PARAMETERS.get(activity.kind, {}))
    assert activity.parse(parsed) == parsed


@each
def test_a_parameter_that_nobody_knows_is_refused(activity):
    given = {**PARAMETERS.get(activity.kind, {}), "colour": "red"}
    with pytest.raises(Rejected, match="'colour' is not known") as refused:
        activity.parse(given)
    assert refused.value.code == "5.8"


@each
def test_what_changes_can_be_read_back_or_repeated(activity):
    harmless = {
        "reading",
        "maximum_power",
        "credit_read",
        "autodiagnostic",
        "status_word",
        "repeater_table",
    }
    harmless |= {"verify_commissioning"}
    assert (activity.read_back is None) == (activity.kind in harmless)


def test_only_credits_need_a_transaction_and_only_breakers_replace():
    assert [kind for kind, each in ACTIVITIES.items() if each.needs_transaction] == [
        "credit_charge"
    ]
    assert {kind for kind, each in ACTIVITIES.items() if each.supersedes} == MOVERS
    assert {kind for kind, each in ACTIVITIES.items() if each.guarded} == MOVERS - {"reconnect"}


def test_refusals_use_reply_codes_of_the_table():
    known = {row["code"] for row in rows("reply_error_codes")}
    assert {"1.7", "5.8", "2.6", "2.10"} <= known


def test_every_printed_command_is_used_by_a_step():
    printed = {row["command"] for row in rows("command_names")} - {"others"}
    activity = ACTIVITIES["reading"]
    used = {each.command for each in ACTIVITIES.values()}
    used |= {command_of(activity, FIRST_EXCHANGE)}
    used |= {command_of(activity, duty) for duty in _readings()}
    assert printed <= used


def _readings():
    return (ReadRegisters(0x02, previous=True), ReadRegisters(0x08))


def test_every_kind_of_the_table_has_codes():
    assert all(kind.ko_code for kind in KINDS.values())
