"""What an order changes at a meter (companion profile 4.2, 5). Every request is sent once."""

from devices.drivers.cosem import clocks, objects, stamps
from devices.drivers.cosem.calendar import passive_tables
from devices.drivers.cosem.keys import transfer
from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.duties import (
    CloseBreaker,
    EnterCredit,
    OpenBreaker,
    ResetAlarms,
    SetCalendar,
    SetContract,
    SetMeterClock,
    SetMeterDst,
    SetPrepayment,
    SetThreshold,
    TransferKeys,
)
from devices.protocol.axdr import I8, I32, U32, Enum
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
    Limiter,
    Token,
    TokenGateway,
)

NO_PARAMETER = I8(0)
ACTIVE_ACCOUNT = Enum(2)
SUMMER_MINUTES = I8(60)


async def _open(peer: Peer, _: OpenBreaker) -> None:
    await peer.action(DISCONNECT_CONTROL.method(DisconnectControl.DISCONNECT), NO_PARAMETER)


async def _close(peer: Peer, _: CloseBreaker) -> None:
    await peer.action(DISCONNECT_CONTROL.method(DisconnectControl.RECONNECT), NO_PARAMETER)


async def _threshold(peer: Peer, duty: SetThreshold) -> None:
    await peer.set_once(LIMITER.attribute(Limiter.THRESHOLD_NORMAL), U32(duty.power))


async def _contract(peer: Peer, duty: SetContract) -> None:
    await peer.set_once(objects.CONTRACT_POWER, U32(duty.power))


async def _enter_credit(peer: Peer, duty: EnterCredit) -> None:
    """Success means that the token was received; its status tells what became of it."""
    token = Token(duty.transaction, duty.amount).encode()
    await peer.action(TOKEN_GATEWAY.method(TokenGateway.ENTER), token)


async def _prepayment(peer: Peer, duty: SetPrepayment) -> None:
    """The mode last, so that a prepaid meter has its thresholds from the first moment."""
    for index, value in (
        (CreditObject.WARNING_THRESHOLD, duty.warning),
        (CreditObject.LIMIT, duty.limit),
    ):
        if value is not None:
            await peer.set_once(CREDIT.attribute(index), I32(value))
    mode = Enum(duty.mode), ACTIVE_ACCOUNT
    await peer.set_once(ACCOUNT.attribute(Account.MODE_AND_STATUS), mode)


async def _calendar(peer: Peer, duty: SetCalendar) -> None:
    """Everything passive, then active at one stroke."""
    for index, value in passive_tables(duty.name, duty.tables):
        await peer.set_once(ACTIVITY_CALENDAR.attribute(index), value)
    await peer.action(ACTIVITY_CALENDAR.method(ActivityCalendar.ACTIVATE_PASSIVE), NO_PARAMETER)


async def _reset_alarms(peer: Peer, _: ResetAlarms) -> None:
    await peer.set_once(objects.ALARM_WORD, U32(0))


async def _dst(peer: Peer, duty: SetMeterDst) -> None:
    begin, end = stamps.dst_pair(duty.period, peer.zone)
    for index, value in (
        (Clock.SUMMER_BEGIN, begin), (Clock.SUMMER_END, end),
        (Clock.SUMMER_DEVIATION, SUMMER_MINUTES), (Clock.SUMMER_ENABLED, True),
    ):  # fmt: skip
        await peer.set_once(CLOCK.attribute(index), value)


CHANGES: Duties = {
    OpenBreaker: _open,
    CloseBreaker: _close,
    SetThreshold: _threshold,
    SetContract: _contract,
    EnterCredit: _enter_credit,
    SetPrepayment: _prepayment,
    SetCalendar: _calendar,
    ResetAlarms: _reset_alarms,
    SetMeterClock: clocks.write,
    SetMeterDst: _dst,
    TransferKeys: transfer,
}
