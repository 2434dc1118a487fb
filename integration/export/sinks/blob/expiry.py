"""Says days before that the signature runs out."""

from datetime import UTC, datetime, timedelta

from devices import alarms
from integration.export.sinks.blob.target import SETTING, Target

ALARM = "blob_sas_expiry"
NOTICE = timedelta(days=7)
RENEW = f"set {SETTING} to an address with a new signature and restart `hes export run`"


def look(target: Target, subject: str) -> None:
    """Raise or clear the alarm by the clock of this host."""
    text = warning(target, datetime.now(UTC))
    if text:
        alarms.raise_alarm(ALARM, subject, text)
    else:
        alarms.clear(ALARM, subject)


def warning(target: Target, now: datetime) -> str:
    """What is to be said about the signature at `now`; '' while it holds longer than the notice."""
    if target.expires is None or target.expires - now > NOTICE:
        return ""
    at = f"{target.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    left = target.expires - now
    if left <= timedelta(0):
        when = f"has expired on {at}, {_span(-left)} ago: nothing is copied any more"
    else:
        when = f"expires in {_span(left)}, on {at}"
    return f"the signature for {target.address} {when}; {RENEW}"


def _span(time: timedelta) -> str:
    if time.days:
        return f"{time.days} day{'s' if time.days > 1 else ''}"
    return f"{time.seconds // 3600} h {time.seconds % 3600 // 60} min"
