"""What the end of a firmware order changes in the inventory."""

from typing import cast

from django.db.backends.utils import CursorWrapper

from devices.choices import UpdateState
from workorders.activities.orders.base import Effect
from workorders.activities.orders.image_transfer import FirmwareShown

_METER = """
UPDATE meter m SET firmware = %s, updated_at = now()
FROM work_order o WHERE o.id = %s AND m.id = o.meter_id
"""
_CONCENTRATOR = """
UPDATE concentrator c SET software_version = %s, software_number = coalesce(%s, software_number),
    software_update_state = %s, updated_at = now()
FROM work_order o WHERE o.id = %s AND o.meter_id IS NULL AND c.id = o.concentrator_id
"""
_FAILED = """
UPDATE concentrator c SET software_update_state = %s, updated_at = now()
FROM work_order o WHERE o.id = %s AND o.meter_id IS NULL AND c.id = o.concentrator_id
"""


def shown(cursor: CursorWrapper, order: int, effect: Effect) -> None:
    """The version that the device itself has shown."""
    firmware = cast(FirmwareShown, effect).firmware
    cursor.execute(_METER, [firmware.version, order])
    values = [firmware.version, firmware.number, UpdateState.ACTIVATED, order]
    cursor.execute(_CONCENTRATOR, values)


def failed(cursor: CursorWrapper, order: int, _: Effect) -> None:
    """The update came to nothing."""
    cursor.execute(_FAILED, [UpdateState.FAILED, order])
