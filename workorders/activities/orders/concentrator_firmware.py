"""Firmware of a concentrator (001 2.4; companion profile 5.3)."""

from devices.drivers.duties import By
from workorders.activities.orders.image_transfer import update

CONCENTRATOR_FIRMWARE = update("concentrator_firmware", By.CONCENTRATOR, "LVC_FW_INIT")
