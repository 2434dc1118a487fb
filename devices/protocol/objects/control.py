"""Classes 70, disconnect control, and 71, limiter (IEC 62056-6-2; companion profile 4.2)."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class DisconnectControl(CosemObject):
    """The breaker: its output, its control state, and the two methods that move it."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 70
    OUTPUT_STATE: ClassVar[int] = 2
    CONTROL_STATE: ClassVar[int] = 3
    CONTROL_MODE: ClassVar[int] = 4
    DISCONNECT: ClassVar[int] = 1
    RECONNECT: ClassVar[int] = 2


class Limiter(CosemObject):
    """Power above which the meter opens its breaker, in W."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 71
    THRESHOLD_ACTIVE: ClassVar[int] = 3
    THRESHOLD_NORMAL: ClassVar[int] = 4


DISCONNECT_CONTROL = DisconnectControl.at("0.0.96.3.10")
LIMITER = Limiter.at("0.0.17.0.0")
