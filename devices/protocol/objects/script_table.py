"""Class 9, script table (IEC 62056-6-2): numbered scripts that a method executes."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class ScriptTable(CosemObject):
    """Each script is a list of actions inside the device; method 1 takes its number."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 9
    SCRIPTS: ClassVar[int] = 2
    EXECUTE: ClassVar[int] = 1


TARIFF_SCRIPTS = ScriptTable.at("0.0.10.0.100")
"""Script n makes tariff n the current one; an activity calendar calls them."""
