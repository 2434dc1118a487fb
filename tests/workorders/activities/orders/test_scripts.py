"""Scripts: what a file may say, what none may touch, and how steps are carried out and resumed."""

import json
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import Refused
from devices.drivers.duties import (
    CallMethod,
    ReadAttribute,
    ReadOwnAttribute,
    SetAttribute,
    SetOwnAttribute,
)
from devices.protocol.axdr import I8, U8, U16, typed
from hes.domain.errors import BadValue
from tests.devices.protocol.strategies import scalars
from tests.workorders.activities.orders.model import (
    SET_NAME,
    Loss,
    ModelDevice,
    carry_through,
    facts_for,
    order,
    read_back,
    run,
)
from workorders.activities.orders.base import NotDone, Rejected
from workorders.activities.orders.concentrator_script import CONCENTRATOR_SCRIPT
from workorders.activities.orders.failure import command_of
from workorders.activities.orders.meter_script import METER_SCRIPT
from workorders.activities.orders.script_steps import script_of, step_of, steps_of, unprovable
from workorders.activities.orders.scripts import NoteSteps

NAME, PASSIVE, ACTIVATE = "20·0.0.13.0.0·2", "20·0.0.13.0.0·6", "20·0.0.13.0.0!1"
FILE = {"name": "SET_NAME", "target": "meter", "steps": SET_NAME["steps"]}
STEP = {"do": "set", "object": "1·0.0.96.70.0·2", "value": {"u8": 1}}
losses = st.lists(st.sampled_from([None, *Loss]), max_size=6)


def meter(**more) -> ModelDevice:
    return ModelDevice(methods={ACTIVATE: (NAME, b"BT9")}, **more)


# --- the file -------------------------------------------------------------------------------------


def test_a_file_is_read_and_written_again_as_the_same_steps():
    script = script_of(FILE)
    assert (script.name, script.target, len(script.steps)) == ("SET_NAME", "meter", 2)
    plain = json.loads(json.dumps([step.plain() for step in script.steps]))
    assert steps_of(plain) == script.steps


def test_a_set_is_read_back_at_its_own_attribute_unless_told_otherwise():
    step = step_of(STEP, "steps[0]")
    assert (step.read_back, step.expected) == ("1·0.0.96.70.0·2", U8(1))
    told = {"read_back": "1·0.0.96.70.1·2", "expect": {"u16": 7}}
    assert step_of(STEP | told, "steps[0]").expected == U16(7)


def test_an_action_without_a_read_back_cannot_be_proved():
    action = {"do": "action", "object": "9·0.0.10.0.100!1", "value": {"u16": 1}}
    assert unprovable(steps_of([STEP, action])) == [1]


@given(value=scalars.filter(lambda value: not isinstance(value, float) or isfinite(value)))
def test_any_value_comes_back_from_a_stored_step(value):
    step = step_of({**STEP, "value": typed.written(value)}, "steps[0]")
    assert step_of(json.loads(json.dumps(step.plain())), "steps[0]") == step


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": "set name"}, "name"),
        ({"name": 5}, "name"),
        ({"target": "gateway"}, "target"),
        ({"target": None}, "target"),
        ({"colour": "red"}, "script"),
        ({"description": 5}, "description"),
        ({"steps": {}}, "steps"),
        ({"steps": []}, "steps"),
        ({"steps": [STEP] * 51}, "steps"),
        ({"steps": [STEP, 5]}, r"steps\[1\]"),
        ({"steps": [{**STEP, "do": "get"}]}, r"steps\[0\].do"),
        ({"steps": [{**STEP, "object": "1·0.0.96.70.0"}]}, r"steps\[0\].object"),
        ({"steps": [{**STEP, "object": 5}]}, r"steps\[0\].object"),
        ({"steps": [{**STEP, "object": "1·0.0.96.70.300·2"}]}, r"steps\[0\].object"),
        ({"steps": [{**STEP, "object": "20·0.0.13.0.0!1"}]}, r"steps\[0\].object"),
        ({"steps": [{**STEP, "value": {"u8": 300}}]}, r"steps\[0\].value"),
        ({"steps": [{**STEP, "value": {"array": [{"u8": 1}, 5]}}]}, r"steps\[0\].value\[1\]"),
        ({"steps": [{**STEP, "read_back": NAME}]}, r"steps\[0\]"),
        ({"steps": [{**STEP, "read_back": ACTIVATE, "expect": None}]}, r"steps\[0\].read_back"),
        ({"steps": [{"do": "set", "object": NAME}]}, r"steps\[0\].value"),
    ],
)
def test_a_bad_file_is_refused_by_its_place(change, place):
    with pytest.raises(BadValue, match=rf"^{place}: .* - ") as refused:
        script_of({**FILE, **change})
    assert refused.value.advice


@pytest.mark.parametrize("document", [None, 5, [], "SET_NAME"])
def test_a_file_that_is_no_script_is_refused(document):
    with pytest.raises(BadValue, match="script: no object"):
        script_of(document)


FORBIDDEN = [
    "64·0.0.43.0.0·2", "15·0.0.40.0.0·7", "1·0.0.43.1.0·2", "1·0.0.96.56.0·2", "44·0.0.25.3.0·5",
    "70·0.0.96.3.10·4", "71·0.0.17.0.0·4", "68·0.0.96.3.20·2", "1·0.0.96.3.10·4",
    "1·0.1.96.3.10·4", "1·0.0.96.60.0·2", "112·0.0.19.10.0·5", "111·0.0.19.0.0·2",
    "115·0.0.19.40.0·2", "1·0.0.19.40.0·2", "18·0.0.44.0.0·5", "22·0.0.15.0.1·4",
    "1·0.0.96.54.4·2", "9·0.0.10.0.100·2", "20·0.0.13.0.0·9", "8·0.0.1.0.0·2", "21·0.0.16.1.0·4",
]  # fmt: skip
FORBIDDEN_METHODS = [
    "70·0.0.96.3.10!1", "115·0.0.19.40.0!1", "64·0.0.43.0.0!2", "9·0.0.10.0.106!1",
    "9·0.0.10.0.0!1", "9·0.0.10.0.107!1", "8·0.0.1.0.0!6", "112·0.0.19.10.0!1",
]  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_guards_breakers_money_and_keys_is_neither_written_nor_read(name):
    with pytest.raises(BadValue, match="which no script touches"):
        step_of({**STEP, "object": name}, "steps[0]")
    with pytest.raises(BadValue, match=r"steps\[0\].read_back: .* which no script touches"):
        step_of({**STEP, "read_back": name, "expect": None}, "steps[0]")


@pytest.mark.parametrize("name", FORBIDDEN_METHODS)
def test_nor_is_it_called(name):
    with pytest.raises(BadValue, match="which no script touches"):
        step_of({**STEP, "do": "action", "object": name}, "steps[0]")


# --- the order ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [{}, {"script": "no name"}, {"script": 5}, {"script": "SET_NAME", "version": 0}]
)
def test_an_order_names_a_script(given):
    with pytest.raises(Rejected):
        METER_SCRIPT.parse(given)


def test_steps_are_never_the_callers():
    with pytest.raises(Rejected, match="'steps' is not known"):
        METER_SCRIPT.parse(SET_NAME)


def test_steps_are_read_sent_read_and_noted_one_after_the_other():
    run = order(METER_SCRIPT, meter(), {"script": "SET_NAME"})
    assert run.duties == [
        ReadAttribute("SET_NAME", PASSIVE), SetAttribute("SET_NAME", PASSIVE, b"BT9"),
        ReadAttribute("SET_NAME", PASSIVE), NoteSteps(1),
        ReadAttribute("SET_NAME", NAME), CallMethod("SET_NAME", ACTIVATE, I8(0)),
        ReadAttribute("SET_NAME", NAME), NoteSteps(2),
    ]  # fmt: skip
    assert (run.result.code, run.result.text) == ("3.7.83.58", "OK")
    assert run.result.values == {"script": "SET_NAME", "version": None, "steps": 2}


def test_a_concentrator_carries_its_script_out_itself():
    run = order(CONCENTRATOR_SCRIPT, ModelDevice(), {"script": "SET_PORT"})
    assert [type(duty) for duty in run.duties[:2]] == [ReadOwnAttribute, SetOwnAttribute]
    assert run.result.code == ""


def test_a_step_without_effect_ends_the_script_there():
    run = order(METER_SCRIPT, ModelDevice(methods={ACTIVATE: ("x", 1)}), {"script": "SET_NAME"})
    assert (run.result.is_good, run.result.code) == (False, "3.7.83.85")
    assert run.result.text == "[SET_NAME] STEP 2 WITHOUT EFFECT"
    assert run.result.values["steps"] == 1


def test_a_step_that_nobody_can_read_is_not_sent():
    device = meter(refuses={ReadAttribute: Refused("[TB_ACK_104] OBJECT UNDEFINED")})
    run = order(METER_SCRIPT, device, {"script": "SET_NAME"})
    assert run.result.text == "[SET_NAME] STEP 1 [TB_ACK_104] OBJECT UNDEFINED"
    assert device.executed == []


def test_errors_of_a_step_are_told_under_the_name_of_the_script():
    assert command_of(METER_SCRIPT, CallMethod("SET_NAME", ACTIVATE, I8(0))) == "SET_NAME"


@given(losses=losses)
def test_a_script_ends_as_ordered_whatever_is_lost(losses):
    device = meter(losses=losses)
    assert carry_through(METER_SCRIPT, device, {"script": "SET_NAME"}).is_good
    assert device.attributes == {PASSIVE: b"BT9", NAME: b"BT9"}


def test_a_step_with_a_note_is_not_looked_at_again_though_a_later_one_undid_it():
    there_and_back = [{**STEP, "value": {"u8": number}} for number in (1, 2)]
    steps = [step_of(step, "").plain() for step in there_and_back]
    facts = facts_for(METER_SCRIPT, {"script": "SET_NAME"})
    facts.parameters.update(steps=steps, done=1)
    device = ModelDevice(attributes={"1·0.0.96.70.0·2": U8(2)})
    done = run(METER_SCRIPT.steps(facts), device)
    assert done.result.is_good
    assert device.executed == []
    facts.parameters.update(done=0)
    assert isinstance(run(METER_SCRIPT.read_back(facts), device).result, NotDone)


def test_a_read_back_finds_a_script_done_only_where_nothing_is_left():
    device = meter(attributes={PASSIVE: b"BT9"})
    assert isinstance(read_back(METER_SCRIPT, device, {"script": "SET_NAME"}).result, NotDone)
    device.attributes[NAME] = b"BT9"
    assert read_back(METER_SCRIPT, device, {"script": "SET_NAME"}).result.is_good
