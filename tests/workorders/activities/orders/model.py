"""A meter and its concentrator without bytes: answers duties, and loses answers as it is told.

`run` drives an activity's generator as the executor does; `carry_through` also goes the way over
UNKNOWN: a lost answer is read back until the order has ended.
"""

from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Any

from devices.drivers import duties as d
from devices.drivers.base import ClockReading, DstPeriod, FieldError, Timeout
from workorders.activities.orders.base import (
    Collect,
    DrawTransaction,
    Facts,
    HostClock,
    NotDone,
    OrderActivity,
    Result,
)
from workorders.activities.orders.scripts import NoteSteps

MAC = bytes.fromhex("860E240E995A")
NOW = 1_795_180_500  # 2026-11-20 13:15 UTC
OFFSET = -180
ORDER = 4711
EXECUTED, REFUSED = 3, 5
SUMMER = {"begin": "2026-09-06T00:00:00-04:00", "end": "2027-04-04T00:00:00-03:00"}
PROFILE = d.Spontaneous(True, "10.0.1.36", 58_692, 60, True, True, 58_693)  # profile 3.1
SET_NAME = {
    "script": "SET_NAME",
    "steps": [
        {"do": "set", "object": "20·0.0.13.0.0·6", "value": {"octets": "425439"}},
        {
            "do": "action",
            "object": "20·0.0.13.0.0!1",
            "value": {"i8": 0},
            "read_back": "20·0.0.13.0.0·2",
            "expect": {"octets": "425439"},
        },
    ],
}
SET_PORT = {
    "script": "SET_PORT",
    "steps": [{"do": "set", "object": "100·0.0.25.10.0·4", "value": {"u16": 1123}}],
}
for _script in (SET_NAME, SET_PORT):
    for _step in _script["steps"]:
        _step.setdefault("read_back", _step["object"])
        _step.setdefault("expect", _step["value"])
PARAMETERS = {
    "reduce": {"percent": "30"},
    "contract_change": {"contract_power": 7_000, "calendar": "BT2"},
    "credit_charge": {"amount": "-250"},
    "meter_dst": SUMMER,
    "concentrator_technical_configuration": {
        **asdict(PROFILE),
        **{"ntp_active": True, "ntp_server": "ntp.example", "ntp_port": 123},
        **{"ntp_authentication": 0, "periods": [SUMMER], "time_zone": 240},
    },
    "concentrator_dst": {"periods": [SUMMER]},
    "meter_script": {"script": "SET_NAME"},
    "concentrator_script": {"script": "SET_PORT"},
    "commissioning": {"serial": "UAAEEDN11100000001", "phase": 1, "row": 1},
    "verify_commissioning": {"order": 4711, "pause": 60},
    "meter_technical_configuration": {"time_zone": 240, "period": 15, **SUMMER},
    "meter_entry_configuration": {
        "serial": "UAAEEDN11100000001",
        "phase": 1,
        "row": 7,
        "closure": 3,
        "profile": 1,
        "period": 60,
        "flags": 9,
        "measurands": [[13, 2, 60]],
    },
    "meter_firmware": {"image": "cert-11"},
    "concentrator_firmware": {"image": "lvc-050116"},
}
"""What kinds need that cannot be ordered without parameters."""
PREPARED = {
    "meter_script": SET_NAME,
    "concentrator_script": SET_PORT,
    "meter_firmware": {"image_id": 1, "version": "11", "size": 1_000},
    "concentrator_firmware": {"image_id": 2, "version": "050116", "size": 1_000},
}
"""What the inventory adds when such an order is accepted; images of versions shown already."""


class Loss(Enum):
    """What happens to the next change."""

    BEFORE = "the request is lost"
    AFTER = "it is executed and the answer is lost"


@dataclass
class ModelDevice:
    """A meter and its concentrator in one; `losses` meet the next changes, one each."""

    control: int = 1
    threshold: int = 5_000
    normal: int = 5_000
    contract: int = 5_000
    credit: int = 1_000
    transaction: int | None = None
    token_status: int = 0
    refuses_tokens: bool = False
    mode: int = 1
    warning: int = 100
    limit: int = -500
    calendar: str = "BT1"
    alarm_word: int = 0b100
    dst: DstPeriod | None = None
    spontaneous: d.Spontaneous | None = None
    ntp: d.Ntp | None = None
    dst_table: tuple[DstPeriod, ...] = ()
    time_zone: int = 0
    drift: float = 0.0
    host_objection: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    methods: dict[str, tuple[str, Any]] = field(default_factory=dict)
    noted: dict[str, Any] = field(default_factory=dict)
    jobs: dict[int, d.Job] = field(default_factory=dict)
    job_end: tuple[int, int] = (2, 0)
    is_stuck: bool = False
    refuses: dict[type[d.Duty], FieldError] = field(default_factory=dict)
    losses: list[Loss | None] = field(default_factory=list)
    executed: list[d.Duty] = field(default_factory=list)

    def perform(self, duty: d.Duty) -> d.Answer:
        if type(duty) in self.refuses:
            raise self.refuses[type(duty)]
        if not duty.changes:
            return READS[type(duty)](self, duty)
        loss = self.losses.pop(0) if self.losses else None
        if loss is not Loss.BEFORE:
            self.executed.append(duty)
            if not self.is_stuck:
                CHANGES[type(duty)](self, duty)
        if loss is not None:
            raise Timeout("[TB_ACK_191] TIMEOUT")
        return None

    def breaker(self) -> d.Breaker:
        is_on = self.control == 1
        return d.Breaker(is_on, self.control, self.threshold, self.normal, self.contract)

    def limit_to(self, power: int) -> None:
        self.normal = self.threshold = power

    def account(self, duty: d.SetPrepayment) -> None:
        self.mode = duty.mode
        self.warning = self.warning if duty.warning is None else duty.warning
        self.limit = self.limit if duty.limit is None else duty.limit

    def token(self, duty: d.EnterCredit) -> None:
        if self.refuses_tokens:
            self.transaction, self.token_status = duty.transaction, REFUSED
        elif duty.transaction > (self.transaction or 0):
            self.credit += duty.amount
            self.transaction, self.token_status = duty.transaction, EXECUTED

    def run_job(self, duty: d.Post) -> None:
        job = d.Job(duty.job, duty.command, duty.mac, *self.job_end)
        self.jobs.setdefault(duty.job, job)

    def call(self, duty: d.CallMethod) -> None:
        attribute, value = self.methods[duty.method]
        self.attributes[attribute] = value

    def note(self, duty: NoteSteps) -> None:
        self.noted["done"] = duty.done

    def clock(self) -> ClockReading:
        return ClockReading(NOW + self.drift, NOW, None, 0)


READS: dict[type[d.Duty], Callable[[ModelDevice, Any], d.Answer]] = {
    d.ReadBreaker: lambda device, _: device.breaker(),
    d.ReadDiagnosis: lambda device, _: d.Diagnosis(device.alarm_word, 0),
    d.ReadRegisters: lambda _, duty: d.Registers(duty.energy, 21, (1, 2, 3, 4, 5, 6), NOW, OFFSET),
    d.ReadMaximum: lambda _, duty: d.Maximum(3_000 + duty.tariff, NOW - 7, OFFSET),
    d.ReadCredit: lambda device, _: d.Credit(
        device.credit, device.transaction, device.token_status, NOW, OFFSET
    ),
    d.ReadPrepayment: lambda device, _: d.Prepayment(device.mode, device.warning, device.limit),
    d.ReadTariff: lambda device, _: d.Tariff(device.calendar, device.contract, device.normal),
    d.ReadMeterDst: lambda device, _: device.dst,
    d.ReadSpontaneous: lambda device, _: device.spontaneous,
    d.ReadJobs: lambda device, _: tuple(device.jobs.values()),
    d.ReadNtp: lambda device, _: device.ntp,
    d.ReadDstTable: lambda device, _: device.dst_table,
    d.ReadTimeZone: lambda device, _: device.time_zone,
    d.ReadClock: lambda device, _: device.clock(),
    d.ReadStatusWord: lambda *_: bytes.fromhex("04B01E"),
    d.ReadAttribute: lambda device, duty: device.attributes.get(duty.attribute),
    d.ReadOwnAttribute: lambda device, duty: device.attributes.get(duty.attribute),
    HostClock: lambda device, _: device.host_objection,
    Collect: lambda *_: 12,
    NoteSteps: ModelDevice.note,
}
CHANGES: dict[type[d.Duty], Callable[[ModelDevice, Any], None]] = {
    d.OpenBreaker: lambda device, _: setattr(device, "control", 0),
    d.CloseBreaker: lambda device, _: setattr(device, "control", 1),
    d.SetThreshold: lambda device, duty: device.limit_to(duty.power),
    d.SetContract: lambda device, duty: setattr(device, "contract", duty.power),
    d.SetPrepayment: ModelDevice.account,
    d.SetCalendar: lambda device, duty: setattr(device, "calendar", duty.name),
    d.ResetAlarms: lambda device, _: setattr(device, "alarm_word", 0),
    d.EnterCredit: ModelDevice.token,
    d.SetMeterDst: lambda device, duty: setattr(device, "dst", duty.period),
    d.SetSpontaneous: lambda device, duty: setattr(device, "spontaneous", duty.profile),
    d.Post: ModelDevice.run_job,
    d.SetNtp: lambda device, duty: setattr(device, "ntp", duty.ntp),
    d.SetDstTable: lambda device, duty: setattr(device, "dst_table", duty.periods),
    d.SetTimeZone: lambda device, duty: setattr(device, "time_zone", duty.minutes),
    d.SetClock: lambda device, _: setattr(device, "drift", 0.0),
    d.SetAttribute: lambda device, duty: device.attributes.update({duty.attribute: duty.value}),
    d.SetOwnAttribute: lambda device, duty: device.attributes.update({duty.attribute: duty.value}),
    d.CallMethod: ModelDevice.call,
    d.CallOwnMethod: ModelDevice.call,
}


@dataclass
class Run:
    """What one generator asked for and came to; `result` is None where an answer was lost."""

    duties: list[d.Duty]
    result: Any = None
    error: FieldError | None = None
    answers: list[d.Answer] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(duty.changes for duty in self.duties)


def facts_for(
    activity: OrderActivity, given: dict[str, Any] | None = None, **more: int | None
) -> Facts:
    parameters = activity.parse(given or {}) | PREPARED.get(activity.kind, {})
    return Facts(ORDER, MAC, NOW, OFFSET, parameters, **more)


def run(steps: Generator[d.Duty, Any, Any], device: ModelDevice, transaction: int = 9) -> Run:
    """Drive a generator: answers are sent, errors thrown, transactions drawn."""
    record = Run([])
    proceed = partial(steps.send, None)
    while True:
        try:
            duty = proceed()
        except StopIteration as end:
            record.result = end.value
            return record
        except FieldError as error:
            record.error = error
            return record
        record.duties.append(duty)
        proceed = _answer(steps, duty, device, record, transaction)


def _answer(
    steps: Generator[d.Duty, Any, Any],
    duty: d.Duty,
    device: ModelDevice,
    record: Run,
    transaction: int,
) -> Any:
    if isinstance(duty, DrawTransaction):
        return partial(steps.send, transaction)
    try:
        answer = device.perform(duty)
    except FieldError as error:
        return partial(steps.throw, error)
    if not record.changed:
        record.answers.append(answer)
    return partial(steps.send, answer)


def order(activity: OrderActivity, device: ModelDevice, given: dict[str, Any] | None = None) -> Run:
    """One attempt of an order."""
    return run(activity.steps(facts_for(activity, given)), device)


def read_back(
    activity: OrderActivity, device: ModelDevice, given: dict[str, Any] | None = None, **more: int
) -> Run:
    """One read-back of an order; it must not change anything."""
    assert activity.read_back is not None
    record = run(activity.read_back(facts_for(activity, given, **more)), device)
    assert not record.changed
    return record


def carry_through(
    activity: OrderActivity,
    device: ModelDevice,
    given: dict[str, Any] | None = None,
    transaction: int = 9,
) -> Result:
    """As executor and order machine do it: attempt, read back, and again where nothing was done."""
    facts = facts_for(activity, given)
    for _ in range(20):
        facts = replace(facts, parameters={**facts.parameters, **device.noted})
        attempt = run(activity.steps(facts), device, transaction)
        if attempt.result is not None:
            return attempt.result
        if activity.needs_transaction and facts.transaction is None:
            before = activity.transaction_before(attempt.answers)
            facts = replace(facts, transaction=transaction, transaction_before=before)
        facts = replace(facts, parameters={**facts.parameters, **device.noted})
        verdict = run(activity.read_back(facts), device).result if activity.read_back else NotDone()
        if isinstance(verdict, Result):
            return verdict
        assert isinstance(verdict, NotDone)
    raise AssertionError("the order never ended")
