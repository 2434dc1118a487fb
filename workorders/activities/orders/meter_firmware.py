"""Firmware of a meter (001 2.4; companion profile 5.2)."""

from devices.drivers.duties import By
from workorders.activities.orders.image_transfer import update

METER_FIRMWARE = update("meter_firmware", By.METER, "FW_INIT")
