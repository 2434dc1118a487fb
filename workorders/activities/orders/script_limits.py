"""What no script may touch: it would go around the guard, the key store and rule D13.

By class and by name, as some devices look at the name alone. Reading is refused as well: what is
read stands in the order's result. Classes and names: IEC 62056-6-2; those of the manufacturer range
are ours (companion profile 3, 4). What a manufacturer hides elsewhere two persons must know.
"""

from devices.protocol.apdu import Attribute, Method
from hes.domain.errors import BadValue

_ORDERED = "order the activity that does it"
_KEYS, _BREAKER, _MONEY = "keys and associations", "the breaker and its limits", "credit"
_BY_THEMSELVES = "what acts by itself later"

_CLASSES = {
    12: _KEYS, 15: _KEYS, 44: _KEYS, 64: _KEYS,
    68: _BREAKER, 70: _BREAKER, 71: _BREAKER,
    111: _MONEY, 112: _MONEY, 113: _MONEY, 115: _MONEY, 116: _MONEY,
    10: _BY_THEMSELVES, 21: _BY_THEMSELVES, 22: _BY_THEMSELVES, 65: _BY_THEMSELVES,
    67: _BY_THEMSELVES, 122: _BY_THEMSELVES,
    18: "images",
}  # fmt: skip
_ABSTRACT = 0  # value group A of the names below; group B is a channel and does not matter
_NAMES = {
    (40,): _KEYS, (43,): _KEYS, (25, 3): _KEYS, (96, 56): _KEYS,
    (17,): _BREAKER, (96, 3): _BREAKER, (96, 60): _BREAKER, (10, 0, 106): _BREAKER,
    (10, 0, 103): _BREAKER,
    (19,): _MONEY,
    (12,): _BY_THEMSELVES, (15,): _BY_THEMSELVES, (16,): _BY_THEMSELVES,
    (44,): "images", (10, 0, 107): "images",
    (10, 0, 0): "a reset of everything",
    (96, 54): "jobs of the concentrator",
}  # fmt: skip
_CLOCK, _SCRIPT_TABLE, _CALENDAR = 8, 9, 20
_DAYS = (5, 9)  # day tables of a calendar call scripts of the device


def refuse_forbidden(name: Attribute | Method, place: str) -> None:
    """Raise BadValue where an object is none of a script's."""
    reason = _CLASSES.get(name.class_id) or _by_name(name.name) or _by_number(name)
    if reason:
        problem = f"{place}: {name} is about {reason}, which no script touches"
        raise BadValue(problem, _ORDERED)


def _by_name(name: bytes) -> str:
    if name[0] != _ABSTRACT:
        return ""
    group = tuple(name[2:5])
    return next((_NAMES[group[:n]] for n in (1, 2, 3) if group[:n] in _NAMES), "")


def _by_number(name: Attribute | Method) -> str:
    """Single attributes of objects that are a script's otherwise."""
    if name.class_id == _CLOCK and (isinstance(name, Method) or name.index == 2):
        return "the time of a clock"
    if isinstance(name, Method):
        return ""
    if name.class_id == _SCRIPT_TABLE or (name.class_id == _CALENDAR and name.index in _DAYS):
        return "scripts of the device"
    return ""
