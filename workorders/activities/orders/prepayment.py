"""What configuring and disabling prepayment share: set, read, compare (companion profile 5.1)."""

from devices.drivers.duties import Prepayment, ReadPrepayment, SetPrepayment
from workorders.activities.orders.base import NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import ended, failed

CREDIT, PREPAYMENT = 1, 2  # account mode, profile 4.2


def ordered(activity: OrderActivity, wanted: SetPrepayment) -> Steps:
    """Set mode and thresholds, and look whether they hold."""
    yield wanted
    account = yield ReadPrepayment()
    if not _holds(wanted, account):
        return failed(activity, "ACCOUNT UNCHANGED")
    return (yield from ended(activity))


def found(activity: OrderActivity, wanted: SetPrepayment) -> ReadBack:
    """Equal: done; else it may be repeated."""
    account = yield ReadPrepayment()
    if not _holds(wanted, account):
        return NotDone()
    return (yield from ended(activity))


def _holds(wanted: SetPrepayment, account: Prepayment) -> bool:
    return (
        account.mode == wanted.mode
        and wanted.warning in (None, account.warning)
        and wanted.limit in (None, account.limit)
    )
