import pytest

from devices.protocol import events
from devices.protocol.association import Mechanism, rejection
from devices.protocol.errors import (
    ActionStatus,
    AssociationResult,
    DataAccess,
    GarbledError,
    IllegalMoveError,
    ProtocolError,
    ServiceError,
    StateError,
)
from devices.protocol.gateway import GatewayAddress
from devices.protocol.objects import CLOCK, Clock, scaler_unit
from devices.protocol.rows import BufferDecoder
from devices.protocol.states import State
from devices.protocol.wrapper import frame
from tests.devices.protocol.worlds import (
    BUFFER,
    ENERGY,
    METER,
    NAME,
    NOW,
    OTHER_KEYS,
    SERVER_TITLE,
    World,
    settings_of,
)

MECHANISMS = list(Mechanism)
HLS = Mechanism.HLS5_GMAC
TIME = CLOCK.attribute(Clock.TIME)


def opened(mechanism=HLS, server_max_pdu=8192, **changes) -> World:
    world = World(settings_of(mechanism, **changes), server_max_pdu=server_max_pdu)
    assert isinstance(world.ask(world.client.associate()), events.Associated)
    assert world.session.associated
    return world


@pytest.mark.parametrize("gateway", [None, METER])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_session_reads_writes_acts_and_releases(mechanism, gateway):
    world = opened(mechanism, gateway=gateway)
    client = world.client
    assert world.ask(client.get(TIME)) == events.Data(NOW)
    wanted = [(ENERGY.attribute(2), None), (BUFFER_OF_NOTHING, None), (NAME.attribute(2), None)]
    results = (123456, DataAccess.OBJECT_UNDEFINED, b"LVC0000000000001")
    assert world.ask(client.get_with_list(wanted)) == events.DataList(results)
    assert world.ask(client.set(NAME.attribute(2), b"new")) == events.Result(DataAccess.SUCCESS)
    assert world.device.values[NAME.attribute(2)] == b"new"
    done = events.ActionResult(ActionStatus.SUCCESS)
    assert world.ask(client.action(CLOCK.method(6), b"x")) == done
    assert world.device.done == [(CLOCK.method(6), b"x")]
    returned = events.ActionResult(ActionStatus.SUCCESS, b"y")
    assert world.ask(client.action(CLOCK.method(2), b"y")) == returned
    assert world.ask(client.release()) == events.Released()
    assert client.state is State.CLOSED
    assert not world.session.associated


BUFFER_OF_NOTHING = ENERGY.attribute(9)


@pytest.mark.parametrize("gateway", [None, METER])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_long_buffer_is_streamed_block_by_block(mechanism, gateway):
    world = opened(mechanism, gateway=gateway, max_pdu=300)
    event, rows = world.ask(world.client.get(BUFFER, stream=True)), BufferDecoder()
    values = []
    while True:
        assert isinstance(event, events.DataBlock)
        assert len(event.raw) <= 300
        values += [row[0] for run in rows.feed(event.raw) for row in run.rows()]
        if event.last:
            break
        event = world.ask(world.client.next_block())
    rows.finish()
    assert values == list(range(500))
    assert world.exchanges > 10


def test_a_long_value_is_collected_without_the_callers_help():
    world = opened(max_pdu=300)
    event = world.ask(world.client.get(BUFFER))
    assert isinstance(event, events.Data)
    assert len(event.value) == 500


def test_a_long_list_is_collected_too():
    world = opened(max_pdu=200)
    for n in range(2, 6):
        world.device.values[NAME.attribute(n)] = bytes(100)
    event = world.ask(world.client.get_with_list([(NAME.attribute(n), None) for n in range(2, 6)]))
    assert event == events.DataList((bytes(100),) * 4)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_long_values_go_up_in_blocks(mechanism):
    world = opened(mechanism, server_max_pdu=256)
    long = bytes(range(256)) * 10
    assert world.ask(world.client.set(NAME.attribute(2), long)) == events.Result(0)
    assert world.device.values[NAME.attribute(2)] == long
    assert world.ask(world.client.action(CLOCK.method(1), long)) == events.ActionResult(0)
    assert world.device.done == [(CLOCK.method(1), long)]


def test_a_streamed_answer_may_be_abandoned():
    world = opened(max_pdu=300)
    assert world.ask(world.client.get(BUFFER, stream=True)).last is False
    assert world.ask(world.client.get(TIME)) == events.Data(NOW)


def test_every_gcm_operation_draws_its_own_counter():
    world = opened()
    world.ask(world.client.get(TIME))
    # initiate, GMAC of pass 3, the ACTION that carries it, GET
    assert world.used == [100, 101, 102, 103]
    assert world.session.client_counter == 103


def test_invoke_ids_count_from_one_to_fifteen():
    world = opened(Mechanism.NONE)
    ids = []
    for _ in range(17):
        out = world.client.get(TIME)
        ids.append(out[10])
        world.ask(out)
    assert ids == [0xC0 | n for n in [*range(1, 16), 1, 2]]


def test_scaler_and_unit_of_a_register():
    world = opened()
    unit = scaler_unit(world.ask(world.client.get(ENERGY.attribute(3))).value)
    assert (unit.scaler, unit.unit) == (0, 30)


# --- refusals -----------------------------------------------------------------------------------


def refused(settings) -> events.Event:
    world = World(settings)
    return world.ask(world.client.associate())


def test_a_wrong_password_is_an_authentication_failure():
    event = refused(settings_of(Mechanism.LLS, secret=b"wrong"))
    assert event == events.AssociationRejected(AssociationResult.REJECTED_PERMANENT, 13)


def test_a_wrong_encryption_key_is_a_deciphering_error():
    event = refused(settings_of(HLS, keys=OTHER_KEYS))
    not_allowed = StateError.SERVICE_NOT_ALLOWED
    assert event == events.ServerException(not_allowed, ServiceError.DECIPHERING_ERROR, None)


def test_a_used_counter_is_refused_with_the_expected_one():
    world = opened()
    again = World(settings_of(HLS), first_counter=102)
    again.session = world.session
    event = again.ask(again.client.associate())
    assert (event.service, event.counter) == (ServiceError.INVOCATION_COUNTER_ERROR, 103)


def test_an_unknown_client_and_a_busy_device_are_told_apart():
    event = refused(settings_of(Mechanism.NONE, client=77))
    assert event == events.AssociationRejected(AssociationResult.REJECTED_PERMANENT, 1)
    world = World(settings_of(Mechanism.NONE))
    world.client.associate()
    busy = rejection(AssociationResult.REJECTED_TRANSIENT, 1)
    (event,) = world.client.receive(frame(1, 16, busy))
    assert event == events.AssociationRejected(AssociationResult.REJECTED_TRANSIENT, 1)


def test_the_public_client_is_not_let_in_as_manager():
    event = refused(settings_of(Mechanism.NONE, client=1))
    assert event == events.AssociationRejected(AssociationResult.REJECTED_PERMANENT, 2)


def test_a_changed_title_and_a_fallen_counter_are_not_authentic():
    event = refused(settings_of(HLS, server_title=b"MTRother"))
    assert event == events.NotAuthentic("system title changed")
    event = refused(settings_of(HLS, server_counter=1000))
    assert isinstance(event, events.NotAuthentic)


def test_a_wrong_signature_of_pass_four_is_not_authentic():
    world = World(settings_of(HLS))
    aare = world.serve(world.client.associate())
    (pass_three,) = world.client.receive(aare)
    ours, theirs = world.session._challenges
    world.session._challenges = ours, theirs[::-1]
    (event,) = world.client.receive(world.serve(pass_three.data))
    assert event == events.NotAuthentic("signature of pass 4 is wrong")
    assert world.client.state is State.CLOSED


def test_a_wrong_signature_of_pass_three_closes_the_association():
    world = World(settings_of(HLS))
    (pass_three,) = world.client.receive(world.serve(world.client.associate()))
    ours, theirs = world.session._challenges
    world.session._challenges = ours[::-1], theirs
    (event,) = world.client.receive(world.serve(pass_three.data))
    assert event == events.AssociationRejected(AssociationResult.REJECTED_PERMANENT, 13)
    assert not world.session.associated


def test_nothing_is_served_before_the_association():
    world = World(settings_of(Mechanism.NONE))
    world.client.state = State.READY
    event = world.ask(world.client.get(TIME))
    assert event.state is StateError.SERVICE_NOT_ALLOWED


# --- garbled ------------------------------------------------------------------------------------


def replaced(payload):
    return lambda answer: frame(1, 1, payload)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda a: a[:-1] + bytes([a[-1] ^ 1]),
        lambda a: a[:3] + b"\x02" + a[4:],
        lambda a: b"\x00\x02" + a[2:],
        replaced(bytes.fromhex("C401C30009 0100".replace(" ", ""))),
        replaced(bytes.fromhex("D80199")),
        replaced(METER.response(b"\xc4\x01")),
        replaced(bytes(20_000)),
        lambda a: a + a,
    ],
    ids=["tag", "port", "version", "clear", "code", "prefix", "oversize", "twice"],
)
def test_an_answer_that_breaks_a_rule_is_garbled_and_ends_the_connection(tamper):
    world = opened()
    world.tamper = tamper
    with pytest.raises(GarbledError):
        world.ask(world.client.get(TIME))
    assert world.client.state is State.FAILED
    with pytest.raises(GarbledError):
        world.client.receive(b"")


def test_a_replayed_answer_is_garbled():
    world = opened()
    answer = world.serve(world.client.get(TIME))
    world.client.receive(answer)
    world.client.get(TIME)
    with pytest.raises(GarbledError, match="counter"):
        world.client.receive(answer)


def test_another_invoke_id_is_garbled():
    world = opened(Mechanism.NONE)
    world.tamper = lambda a: a[:10] + b"\xc7" + a[11:]
    with pytest.raises(GarbledError, match="invoke"):
        world.ask(world.client.get(TIME))


def test_an_answer_by_another_meter_is_garbled():
    world = opened(gateway=METER)
    answer = world.serve(world.client.get(TIME))
    other = GatewayAddress(bytes(6)).response(answer[8 + 9 :])
    with pytest.raises(GarbledError, match="another node"):
        world.client.receive(frame(1, 1, other))


def test_an_exception_without_prefix_comes_from_the_concentrator():
    world = opened(gateway=METER)
    world.client.get(TIME)
    (event,) = world.client.receive(frame(1, 1, bytes.fromhex("D80201")))
    assert isinstance(event, events.NodeSilent)
    assert world.client.state is State.READY


def test_a_downgraded_association_is_garbled():
    world = World(settings_of(HLS))
    out = world.client.associate()
    clear = World(settings_of(Mechanism.NONE))
    aare = clear.serve(clear.client.associate())
    assert out
    with pytest.raises(GarbledError):
        world.client.receive(frame(1, 1, aare[8:]))


# --- our own misuse -----------------------------------------------------------------------------


def test_illegal_moves_are_refused_before_anything_is_sent():
    world = World(settings_of(Mechanism.NONE))
    for ask in (lambda: world.client.get(TIME), world.client.next_block, world.client.release):
        with pytest.raises(IllegalMoveError):
            ask()
    world.ask(world.client.associate())
    with pytest.raises(IllegalMoveError):
        world.client.associate()


def test_a_list_too_long_for_the_device_is_refused():
    world = opened(server_max_pdu=150)
    with pytest.raises(IllegalMoveError, match="the device takes"):
        world.client.get_with_list([(TIME, None)] * 20)


def test_incomplete_settings_name_what_is_missing():
    with pytest.raises(ProtocolError, match="challenge"):
        settings_of(HLS, challenge=None)
    with pytest.raises(ProtocolError, match="title"):
        settings_of(HLS, title=None)
    with pytest.raises(ProtocolError, match="secret"):
        settings_of(Mechanism.LLS, secret=None)


def test_secrets_are_not_printed():
    for mechanism in MECHANISMS:
        printed = repr(settings_of(mechanism))
        assert "password" not in printed
        assert "x0e" not in printed
    assert SERVER_TITLE not in repr(World(settings_of(HLS)).client).encode()
