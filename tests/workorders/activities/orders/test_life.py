"""The orders by which a meter comes into service and leaves it, whatever is lost on the way."""

import pytest

from devices.drivers.base import Refused
from devices.drivers.duties import NodeState
from tests.workorders.activities.orders.key_model import (
    MAC,
    ORDER,
    PUBLIC,
    Blow,
    Store,
)
from tests.workorders.activities.orders.life_model import (
    COMMISSIONED,
    ENTERED,
    RECRUITING,
    SEEN,
    SETUP,
    WHAT,
    WHO,
    LifeWorld,
)
from workorders.activities.orders import keys, life, mailbox
from workorders.activities.orders.base import Facts, Later, NotDone
from workorders.activities.orders.commissioning import COMMISSIONING
from workorders.activities.orders.decommissioning import DECOMMISSIONING
from workorders.activities.orders.entry import blank, wanted
from workorders.activities.orders.meter_entry_configuration import METER_ENTRY_CONFIGURATION
from workorders.activities.orders.meter_technical_configuration import (
    METER_TECHNICAL_CONFIGURATION,
)
from workorders.activities.orders.verify_commissioning import CONFIGURATION, VERIFY_COMMISSIONING

WHOLE = {**WHO, **WHAT}
PRIVATE = {key: f"provisioned {key.name}" for key in PUBLIC}
DUTIES_AT_MOST = 40


def facts(parameters) -> Facts:
    return Facts(ORDER, MAC, 0, 0, parameters)


def kinds(result):
    return [type(effect) for effect in result.effects]


def in_service():
    """A commissioned meter with private keys and an entry."""
    entry = wanted(facts({**WHOLE, "row": 7}))
    store = Store({"active": dict(PRIVATE)})
    return LifeWorld(dict(PRIVATE), store, commissioned=True, node=COMMISSIONED, entry=entry)


# --- commissioning --------------------------------------------------------------------------------


def test_a_meter_is_entered_its_keys_are_told_and_it_is_recruited():
    world = LifeWorld()
    result = world.order(COMMISSIONING, WHO)
    assert result.is_good
    assert world.runs == [1, 3]
    assert world.entry.fits(blank(facts(WHO)))
    assert (world.entry.closure, world.entry.profile, world.entry.flags) == (0, 0, 0)
    assert world.concentrator == [{key: PUBLIC[key] for key in keys.PAIR}]
    assert world.node is RECRUITING
    assert kinds(result) == [life.RecruitingBegun, life.Follow]
    assert result.effects[1] == life.Follow("verify_commissioning", {"order": ORDER})


@pytest.mark.parametrize("node", [RECRUITING, COMMISSIONED, NodeState.LOST])
def test_what_is_recruited_already_is_not_told_again(node):
    world = LifeWorld(node=node)
    assert world.order(COMMISSIONING, WHO).is_good
    assert world.runs == []


def test_an_entry_that_is_there_is_kept():
    world = in_service()
    world.node, before = ENTERED, world.entry
    assert world.order(COMMISSIONING, WHO).is_good
    assert world.entry is before
    assert world.runs == [3]


def test_an_entry_that_fails_ends_the_order_with_its_reason():
    world = LifeWorld(ends=(3, 21))
    result = world.order(COMMISSIONING, WHO)
    assert (result.is_good, result.text) == (
        False,
        "[RECRUIT] [TB_ACK_21] NODE NOT REACHABLE AGENT",
    )
    assert result.effects == ()


# --- verification ---------------------------------------------------------------------------------


def test_a_recruited_meter_is_identified_and_two_configurations_follow():
    world = LifeWorld(node=COMMISSIONED)
    result = world.order(VERIFY_COMMISSIONING, {"order": ORDER, "pause": 60})
    assert result.is_good
    assert world.is_noted
    assert world.line is not None
    assert result.effects[0] == life.Commissioned()
    assert [effect.kind for effect in result.effects[1:]] == list(CONFIGURATION)


@pytest.mark.parametrize("job", [True, False], ids=["listed", "forgotten"])
def test_while_it_is_recruiting_the_order_goes_on_later(job):
    world = LifeWorld(node=RECRUITING)
    if job:
        world.list_job(mailbox.recruiting(ORDER), 3, 1)
    later = world.order(VERIFY_COMMISSIONING, {"order": ORDER, "pause": 60})
    assert later == Later(60, "the concentrator is recruiting")
    assert not world.is_noted


def test_a_recruitment_in_vain_says_why_and_opens_the_step_again():
    world = LifeWorld(node=ENTERED)
    world.list_job(mailbox.recruiting(ORDER), 3, 3, 42)
    result = world.order(VERIFY_COMMISSIONING, {"order": ORDER, "pause": 60})
    assert result.text == "[VERIFY_COMMISSIONING] [TB_ACK_42] REPEATER 3 FAILURE"
    assert kinds(result) == [life.RecruitingFailed]


@pytest.mark.parametrize("node", [None, SEEN, ENTERED, NodeState.OWNED_BY_ANOTHER])
def test_a_meter_that_nobody_recruits_is_not_waited_for(node):
    world = LifeWorld(node=node)
    result = world.order(VERIFY_COMMISSIONING, {"pause": 60})
    assert result.text == "[VERIFY_COMMISSIONING] NOT RECRUITED"
    assert kinds(result) == [life.RecruitingFailed]


# --- configurations -------------------------------------------------------------------------------


def test_every_object_of_the_meter_is_set_and_its_keys_become_private():
    world = LifeWorld(node=COMMISSIONED)
    result = world.order(METER_TECHNICAL_CONFIGURATION, SETUP)
    assert result.is_good
    assert kinds(result) == [life.Configured]
    assert (world.drift, world.setup.time_zone, world.setup.profile_period) == (0.0, 240, 15)
    assert world.summer is not None
    assert world.held == world.store.sets["active"]


def test_a_meter_that_is_configured_already_is_left_alone():
    world = LifeWorld(node=COMMISSIONED)
    world.order(METER_TECHNICAL_CONFIGURATION, SETUP)
    world.seen.clear()
    assert world.order(METER_TECHNICAL_CONFIGURATION, SETUP).is_good
    assert {type(duty).__name__ for duty in world.seen if duty.changes} <= {"PostMeterKeys"}


@pytest.mark.parametrize(
    ("stuck", "reason"),
    [("drift", "CLOCK"), ("summer", "SUMMER TIME"), ("setup", "TIME ZONE")],
)
def test_an_object_that_does_not_take_its_value_fails_the_order(stuck, reason):
    class Stuck(LifeWorld):
        def __setattr__(self, name, value):
            if name != stuck or name not in self.__dict__:
                super().__setattr__(name, value)

    result = Stuck(node=COMMISSIONED).order(METER_TECHNICAL_CONFIGURATION, SETUP)
    assert result.text == f"[SET_METER_CONFIG] {reason} UNCHANGED"


def test_the_profile_is_not_emptied_where_nobody_reads_it():
    world = LifeWorld(node=COMMISSIONED)
    without = {name: SETUP[name] for name in ("time_zone", "begin", "end")}
    assert world.order(METER_TECHNICAL_CONFIGURATION, without).is_good
    assert world.setup.profile_period == 60


def test_the_entry_is_written_once_and_found_as_it_is():
    world = LifeWorld(node=COMMISSIONED)
    for _ in range(2):
        result = world.order(METER_ENTRY_CONFIGURATION, WHOLE)
        assert kinds(result) == [life.Configured]
    assert world.runs == [1]
    assert world.entry.fits(wanted(facts(WHOLE)))


def test_an_entry_is_deleted_and_stays_deleted():
    world = in_service()
    for _ in range(2):
        result = world.order(METER_ENTRY_CONFIGURATION, {"delete": True})
        assert (result.is_good, result.effects) == (True, ())
    assert (world.entry, world.runs) == (None, [2])


def test_an_entry_the_table_never_shows_fails_when_it_is_read_back():
    world = LifeWorld(node=COMMISSIONED, is_stuck=True)
    result = world.through(METER_ENTRY_CONFIGURATION, WHOLE)
    assert result.text == "[SET_CE_ENTRY] ENTRY UNCHANGED"


# --- decommissioning ------------------------------------------------------------------------------


def test_keys_become_public_and_the_concentrator_forgets_the_meter():
    world = in_service()
    result = world.order(DECOMMISSIONING, {})
    assert kinds(result) == [life.Decommissioned]
    assert (world.node, world.entry, world.held) == (SEEN, None, PUBLIC)
    assert world.runs == [4, 2]


# --- losses and kills -----------------------------------------------------------------------------

CASES = {
    "commissioning": (COMMISSIONING, WHO, LifeWorld),
    "technical": (METER_TECHNICAL_CONFIGURATION, SETUP, lambda: LifeWorld(node=COMMISSIONED)),
    "entry": (METER_ENTRY_CONFIGURATION, WHOLE, lambda: LifeWorld(node=COMMISSIONED)),
    "deletion": (METER_ENTRY_CONFIGURATION, {"delete": True}, in_service),
    "decommissioning": (DECOMMISSIONING, {}, in_service),
}


def outcome(world):
    return (
        *(world.node, world.entry, world.setup, world.summer, abs(world.drift) < 5),
        *(set(world.store.sets), world.held == PUBLIC, sorted(world.runs)),
    )


@pytest.mark.parametrize("blow", Blow)
@pytest.mark.parametrize("case", CASES)
def test_whatever_is_lost_or_killed_the_order_comes_to_the_same_end(case, blow):
    activity, parameters, make = CASES[case]
    plain = make()
    expected = plain.order(activity, parameters)
    for at in range(min(plain.done, DUTIES_AT_MOST)):
        world = make()
        world.blows = {at: blow}
        result = world.through(activity, parameters)
        assert (result.is_good, result.effects) == (True, expected.effects), at
        assert outcome(world) == outcome(plain), at


def test_a_read_back_of_what_was_never_sent_says_so():
    for activity, parameters, make in CASES.values():
        verdict = make().attempt(activity.read_back(facts(parameters)))
        assert isinstance(verdict, NotDone)


def test_a_concentrator_without_keys_for_it_leaves_the_meter_unrecruited():
    class Keyless(LifeWorld):
        def perform(self, duty):
            if isinstance(duty, keys.WrapForConcentrator):
                raise Refused("[TB_ACK_145] KEY: no master key")
            return super().perform(duty)

    world = Keyless()
    with pytest.raises(Refused, match="no master key"):
        world.order(COMMISSIONING, WHO)
    assert world.runs == [1]
