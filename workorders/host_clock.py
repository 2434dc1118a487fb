"""Is this host's clock good enough to set clocks in the field? One wrong host must not move all.

Two witnesses: the database clock, compared at every renewal of the worker's lease, and the kernel's
NTP state (adjtimex). In containers the kernel often knows nothing of NTP; there HES_REQUIRE_NTP=0
leaves the database as the only witness (*assumed* default: required in production only).
"""

import ctypes
import logging
from dataclasses import dataclass

log = logging.getLogger(__name__)
STA_UNSYNC = 0x0040
TIME_ERROR = 5
MAXERROR_ALARM_SECONDS = 1.0  # assumed (design 7)
MAXERROR_STOP_SECONDS = 5.0  # assumed (design 7)


class _Timex(ctypes.Structure):
    """`struct timex` of Linux up to the fields we read; the rest is room (sys/timex.h)."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 256),
    ]


@dataclass(frozen=True, slots=True)
class NtpState:
    """What the kernel says: disciplined by NTP or not, and its own bound of the error in s."""

    synchronised: bool
    max_error: float


def ntp_state() -> NtpState:
    """Ask the kernel without changing anything; an unknown state counts as not synchronised."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except AttributeError:
        return NtpState(synchronised=False, max_error=float("inf"))
    trusted = 0 <= state < TIME_ERROR and not timex.status & STA_UNSYNC
    return NtpState(trusted, timex.maxerror / 1e6)


def objection(
    database_offset: float | None, limit: float, ntp: NtpState, ntp_required: bool
) -> str:
    """Why no device clock may be set now; empty when it may.

    `database_offset`: seconds this host is ahead of the database, None when never compared.
    """
    if database_offset is None:
        return "host clock not yet compared with the database"
    if abs(database_offset) > limit:
        return f"host clock is {database_offset:+.1f} s from the database"
    if not ntp_required:
        return ""
    if not ntp.synchronised:
        return "host clock is not synchronised by NTP"
    if ntp.max_error > MAXERROR_STOP_SECONDS:
        return f"host clock may be {ntp.max_error:.1f} s wrong by its own NTP state"
    if ntp.max_error > MAXERROR_ALARM_SECONDS:
        log.warning("host clock may be %.1f s wrong; device clocks are still set", ntp.max_error)
    return ""
