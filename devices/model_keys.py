"""The public set of a meter model: guek, gak and master of every new meter of it (profile 2)."""

from collections.abc import Mapping

from devices import keys
from devices.choices import Holder, SecretRole
from devices.models import MeterModel
from hes.domain.errors import BadValue

NAMES = {
    "guek": SecretRole.ENCRYPTION,
    "gak": SecretRole.AUTHENTICATION,
    "master": SecretRole.MASTER,
}
DIGITS = 32
CURE = f"give one line each of {', '.join(NAMES)}, as guek={DIGITS} hexadecimal digits"


class AlreadyStored(BadValue):
    """A model's set is not replaced by the way: meters in the field hold it."""


def parse(text: str) -> dict[SecretRole, bytes]:
    """Three lines `name=32 hexadecimal digits`; raises BadValue, which never holds a value."""
    lines = [line.partition("=") for line in text.splitlines() if line.strip()]
    given = {name.strip(): value.strip() for name, _, value in lines}
    if set(given) != set(NAMES) or len(lines) != len(NAMES):
        raise BadValue("the lines are not those of a set", CURE)
    return {role: value_of(name, given[name]) for name, role in NAMES.items()}


def value_of(name: str, text: str) -> bytes:
    """16 bytes; raises BadValue naming the key and no more."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != DIGITS // 2 or len(text) != DIGITS:
        raise BadValue(f"{name} is not a key", f"give {DIGITS} hexadecimal digits")
    return value


def store(model: MeterModel, values: Mapping[SecretRole, bytes], *, replaces: bool = False) -> bool:
    """Returns whether anything changed. Raises AlreadyStored where another set is there.

    A set that is replaced opens no meter any more: those delivered with it must have been switched
    to private keys before.
    """
    place = Holder.MODEL, model.pk
    stored = keys.load([place]).get(place)
    if stored == dict(values):
        return False
    if stored and not replaces:
        raise AlreadyStored(
            "it has another public set", "add --replace when no meter holds that one any more"
        )
    keys.store(*place, values, company_id=keys.NO_COMPANY)
    return True
