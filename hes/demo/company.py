"""The company *Demo*: profiles under the names the generated templates use."""

from datetime import date

from devices import defaults, parameters, partitions
from devices.choices import Activity
from devices.models import Company

PROCEDURE = "Demo procedure"
SPONTANEOUS = "Demo spontaneous"
# The simulated field of a live demo runs its cycles CYCLE_SCALE times faster, so that a person sees
# rows arrive: six hours become five minutes. Visits follow.
CYCLE_SCALE = 72
LIVE_PERIODS = {
    Activity.LOAD_PROFILE: 5,
    Activity.DAILY_CLOSURE: 5,
    Activity.MEASURANDS: 10,
    Activity.CEDATA: 20,
    Activity.AUTODISCOVERY: 20,
    Activity.VOLTAGE_INTERRUPTION: 20,
    Activity.VOLTAGE_VARIATION: 60,
    Activity.REPEATER_TABLE: 60,
}
SPREAD = 2
RECRUIT_CHECK = "15"  # seconds
WAKE_UP_PERIOD = 5  # minutes


def make_company() -> Company:
    """The demo's company with its profiles; made once, found afterwards."""
    company, is_new = Company.objects.get_or_create(
        code="demo", defaults={"name": "Demo", "time_zone": "America/Santiago", "currency": "CLP"}
    )
    if is_new:
        parameters.change(company, "recruit_check", RECRUIT_CHECK)
    defaults.procedure_profile(company, "Standard")
    defaults.procedure_profile(company, PROCEDURE, LIVE_PERIODS, offset=1, spread=SPREAD)
    defaults.spontaneous_profile(company, SPONTANEOUS, WAKE_UP_PERIOD)
    return company


def accept_days_since(company: Company, first: date, today: date) -> None:
    """Let samples from `first` on count as young, and make the partitions they need."""
    days = max((today - first).days + 2, 40)
    parameters.change(company, "ledger_days", str(days))
    partitions.ensure_around(today, days)
