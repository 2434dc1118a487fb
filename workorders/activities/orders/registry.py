"""All ordered activities by kind. One kind, one line."""

from workorders.activities.orders.autodiagnostic import AUTODIAGNOSTIC
from workorders.activities.orders.autodiscovery import AUTODISCOVERY
from workorders.activities.orders.base import OrderActivity
from workorders.activities.orders.commissioning import COMMISSIONING
from workorders.activities.orders.concentrator_dst import CONCENTRATOR_DST
from workorders.activities.orders.concentrator_firmware import CONCENTRATOR_FIRMWARE
from workorders.activities.orders.concentrator_script import CONCENTRATOR_SCRIPT
from workorders.activities.orders.concentrator_synchronisation import CONCENTRATOR_SYNCHRONISATION
from workorders.activities.orders.concentrator_technical_configuration import (
    CONCENTRATOR_TECHNICAL_CONFIGURATION,
)
from workorders.activities.orders.contract_change import CONTRACT_CHANGE
from workorders.activities.orders.credit_charge import CREDIT_CHARGE
from workorders.activities.orders.credit_read import CREDIT_READ
from workorders.activities.orders.decommissioning import DECOMMISSIONING
from workorders.activities.orders.disconnect import DISCONNECT
from workorders.activities.orders.key_rotation import KEY_ROTATION
from workorders.activities.orders.maximum_power import MAXIMUM_POWER
from workorders.activities.orders.meter_dst import METER_DST
from workorders.activities.orders.meter_entry_configuration import METER_ENTRY_CONFIGURATION
from workorders.activities.orders.meter_firmware import METER_FIRMWARE
from workorders.activities.orders.meter_script import METER_SCRIPT
from workorders.activities.orders.meter_synchronisation import METER_SYNCHRONISATION
from workorders.activities.orders.meter_technical_configuration import METER_TECHNICAL_CONFIGURATION
from workorders.activities.orders.mutual_authentication import MUTUAL_AUTHENTICATION
from workorders.activities.orders.outage_check import OUTAGE_CHECK
from workorders.activities.orders.prepay_configure import PREPAY_CONFIGURE
from workorders.activities.orders.prepay_disable import PREPAY_DISABLE
from workorders.activities.orders.reading import READING
from workorders.activities.orders.reconnect import RECONNECT
from workorders.activities.orders.reduce import REDUCE
from workorders.activities.orders.repeater_table import REPEATER_TABLE
from workorders.activities.orders.status_word import STATUS_WORD
from workorders.activities.orders.verify_commissioning import VERIFY_COMMISSIONING
from workorders.activities.orders.wake_up import WAKE_UP

_ALL: tuple[OrderActivity, ...] = (
    READING,
    MAXIMUM_POWER,
    DISCONNECT,
    RECONNECT,
    REDUCE,
    CONTRACT_CHANGE,
    PREPAY_CONFIGURE,
    PREPAY_DISABLE,
    CREDIT_CHARGE,
    CREDIT_READ,
    OUTAGE_CHECK,
    METER_SYNCHRONISATION,
    AUTODIAGNOSTIC,
    METER_DST,
    METER_SCRIPT,
    CONCENTRATOR_TECHNICAL_CONFIGURATION,
    CONCENTRATOR_SYNCHRONISATION,
    STATUS_WORD,
    CONCENTRATOR_DST,
    CONCENTRATOR_SCRIPT,
    REPEATER_TABLE,
    WAKE_UP,
    AUTODISCOVERY,
    COMMISSIONING,
    VERIFY_COMMISSIONING,
    METER_TECHNICAL_CONFIGURATION,
    METER_ENTRY_CONFIGURATION,
    DECOMMISSIONING,
    KEY_ROTATION,
    MUTUAL_AUTHENTICATION,
    METER_FIRMWARE,
    CONCENTRATOR_FIRMWARE,
)
ACTIVITIES: dict[str, OrderActivity] = {activity.kind: activity for activity in _ALL}
