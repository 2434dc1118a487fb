"""Time zone names: IANA inside, Windows names where template 4 writes them."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from tzlocal.windows_tz import win_tz

from hes.domain.errors import BadValue


@cache
def zone_names() -> frozenset[str]:
    """All IANA zone names; read once, as it walks the files of the time zone database."""
    return frozenset(available_timezones())


def known_zone(value: str) -> None:
    """Refuse a name that the time zone database does not know."""
    if value not in zone_names():
        raise ValidationError(f"{value} is not an IANA time zone, for example America/Santiago")


def iana_zone(windows_name: str) -> str:
    """The IANA zone of a Windows zone name; an IANA name is taken as it is."""
    name = windows_name.strip()
    if name in zone_names():
        return name
    zone: str | None = win_tz.get(name)
    if zone is None:
        raise BadValue(
            f"{name!r} is no time zone", "write a Windows zone name, e.g. Pacific SA Standard Time"
        )
    return zone
