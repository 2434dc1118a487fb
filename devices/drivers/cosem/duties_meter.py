"""What an order reads of a meter (companion profile 4, 5)."""

from decimal import Decimal

from devices.drivers.base import DstPeriod
from devices.drivers.cosem import clocks, objects, stamps
from devices.drivers.cosem.changes_meter import CHANGES
from devices.drivers.cosem.duties_image import IMAGE_DUTIES
from devices.drivers.cosem.duties_setup import SETUP_DUTIES
from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.cosem.scripted import METER_STEPS
from devices.drivers.cosem.text import text
from devices.drivers.duties import (
    Breaker,
    Credit,
    Diagnosis,
    Firmware,
    Maximum,
    Prepayment,
    ReadBreaker,
    ReadCredit,
    ReadDiagnosis,
    ReadFirmware,
    ReadMaximum,
    ReadMeterClock,
    ReadMeterDst,
    ReadPrepayment,
    ReadRegisters,
    ReadTariff,
    Registers,
    Tariff,
)
from devices.protocol import clock, expect
from devices.protocol.axdr import Data
from devices.protocol.objects import (
    ACCOUNT,
    ACTIVITY_CALENDAR,
    CLOCK,
    CREDIT,
    DISCONNECT_CONTROL,
    LIMITER,
    TOKEN_GATEWAY,
    Account,
    ActivityCalendar,
    Clock,
    CreditObject,
    DisconnectControl,
    ExtendedRegister,
    Limiter,
    Register,
    Token,
    TokenGateway,
    scaler_unit,
)
from hes.domain.energies import BY_CODE

CHANNEL_C = (1, 5, 2, 7, 8, 6)
"""Value group C of the OBIS by channel, as the columns of T2."""
PREVIOUS_PERIOD = ".101"
TARIFFS = 6


async def _breaker(peer: Peer, _: ReadBreaker) -> Breaker:
    is_on, control, active, normal, contract = await peer.get_many(
        (
            DISCONNECT_CONTROL.attribute(DisconnectControl.OUTPUT_STATE),
            DISCONNECT_CONTROL.attribute(DisconnectControl.CONTROL_STATE),
            LIMITER.attribute(Limiter.THRESHOLD_ACTIVE),
            LIMITER.attribute(Limiter.THRESHOLD_NORMAL),
            objects.CONTRACT_POWER,
        )
    )
    return Breaker(
        is_on=expect.boolean(is_on, "output state"),
        control=expect.integer(control, "control state"),
        threshold=expect.integer(active, "active threshold"),
        normal=expect.integer(normal, "normal threshold"),
        contract=expect.integer(contract, "contract power"),
    )


async def _registers(peer: Peer, duty: ReadRegisters) -> Registers:
    """Total and tariffs, scaler of the total (the same for all of them), clock: one exchange."""
    named = [
        Register.at(_name(duty.energy, 8, tariff, previous=duty.previous))
        for tariff in range(TARIFFS + 1)
    ]
    values = [each.attribute(Register.VALUE) for each in named]
    scaler = named[0].attribute(Register.SCALER_UNIT)
    *read, factor, now = await peer.get_many((*values, scaler, objects.TIME))
    total, *tariffs = (_scaled(value, factor, "register") for value in read)
    at, offset = _instant(now, peer)
    t1, t2, t3, t4, t5, t6 = tariffs
    return Registers(duty.energy, total, (t1, t2, t3, t4, t5, t6), at, offset)


async def _maximum(peer: Peer, duty: ReadMaximum) -> Maximum:
    named = ExtendedRegister.at(_name(duty.energy, 6, duty.tariff, previous=duty.previous))
    power, factor, captured = await peer.get_many(
        (
            named.attribute(ExtendedRegister.VALUE),
            named.attribute(ExtendedRegister.SCALER_UNIT),
            named.attribute(ExtendedRegister.CAPTURE_TIME),
        )
    )
    return Maximum(_scaled(power, factor, "maximum demand"), *_instant(captured, peer))


async def _credit(peer: Peer, _: ReadCredit) -> Credit:
    """A token that is not of our layout counts as none of ours (*assumed*)."""
    amount, raw, status, now = await peer.get_many(
        (
            CREDIT.attribute(CreditObject.CURRENT_AMOUNT),
            TOKEN_GATEWAY.attribute(TokenGateway.TOKEN),
            TOKEN_GATEWAY.attribute(TokenGateway.TOKEN_STATUS),
            objects.TIME,
        )
    )
    token = Token.decode(expect.octets(raw, "token"))
    code, _detail = expect.structure(status, "token status", 2)
    return Credit(
        expect.integer(amount, "credit amount"),
        token.transaction if token else None,
        expect.integer(code, "token status") if token else 0,
        *_instant(now, peer),
    )


async def _prepayment(peer: Peer, _: ReadPrepayment) -> Prepayment:
    account, warning, limit = await peer.get_many(
        (
            ACCOUNT.attribute(Account.MODE_AND_STATUS),
            CREDIT.attribute(CreditObject.WARNING_THRESHOLD),
            CREDIT.attribute(CreditObject.LIMIT),
        )
    )
    mode, _status = expect.structure(account, "account", 2)
    return Prepayment(
        expect.integer(mode, "account mode"),
        expect.integer(warning, "warning threshold"),
        expect.integer(limit, "credit limit"),
    )


async def _tariff(peer: Peer, _: ReadTariff) -> Tariff:
    name, contract, normal = await peer.get_many(
        (
            ACTIVITY_CALENDAR.attribute(ActivityCalendar.ACTIVE_NAME),
            objects.CONTRACT_POWER,
            LIMITER.attribute(Limiter.THRESHOLD_NORMAL),
        )
    )
    return Tariff(
        text(expect.octets(name, "calendar name")),
        expect.integer(contract, "contract power"),
        expect.integer(normal, "normal threshold"),
    )


async def _diagnosis(peer: Peer, _: ReadDiagnosis) -> Diagnosis:
    word, errors = await peer.get_many((objects.ALARM_WORD, objects.ERROR_OBJECT))
    return Diagnosis(expect.integer(word, "alarm word"), expect.integer(errors, "error object"))


async def _dst(peer: Peer, _: ReadMeterDst) -> DstPeriod | None:
    """None where summer time is off or the pair names no year."""
    is_on, begin, end = await peer.get_many(
        [CLOCK.attribute(n) for n in (Clock.SUMMER_ENABLED, Clock.SUMMER_BEGIN, Clock.SUMMER_END)]
    )
    pair = expect.octets(begin, "DST begin", 12), expect.octets(end, "DST end", 12)
    if not expect.boolean(is_on, "DST enabled") or any(map(clock.is_unspecified, pair)):
        return None
    return DstPeriod(*(stamps.instant(raw, peer.zone)[0] for raw in pair))


async def _firmware(peer: Peer, _: ReadFirmware) -> Firmware:
    return Firmware(text(expect.octets(await peer.get(objects.FIRMWARE), "firmware")))


def _name(energy: int, d: int, tariff: int, *, previous: bool) -> str:
    c = CHANNEL_C[BY_CODE[energy].channel]
    return f"1.0.{c}.{d}.{tariff}" + (PREVIOUS_PERIOD if previous else "")


def _scaled(value: Data, factor: Data, what: str) -> int:
    scaler = scaler_unit(factor).scaler
    return int(Decimal(expect.integer(value, what)).scaleb(scaler))


def _instant(value: Data, peer: Peer) -> tuple[int, int]:
    return stamps.instant(expect.octets(value, "clock", 12), peer.zone)


METER_DUTIES: Duties = {
    ReadBreaker: _breaker,
    ReadRegisters: _registers,
    ReadMaximum: _maximum,
    ReadCredit: _credit,
    ReadPrepayment: _prepayment,
    ReadTariff: _tariff,
    ReadDiagnosis: _diagnosis,
    ReadMeterClock: clocks.read,
    ReadMeterDst: _dst,
    ReadFirmware: _firmware,
    **CHANGES,
    **METER_STEPS,
    **SETUP_DUTIES,
    **IMAGE_DUTIES,
}
