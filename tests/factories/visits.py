"""Concentrators that can be visited, and what became of their slots."""

from datetime import UTC, date, datetime, timedelta

from devices import keys, partitions
from devices.choices import Activity, ConcentratorState, Holder, SecretRole
from devices.models import Company, Concentrator, ProcedureItem
from devices.parameters import change
from tests.factories import fleets
from tests.factories.field import FakeConcentrator, FakeDriver
from workorders import slots
from workorders.engine import Engine, Options
from workorders.models import Lane, Slot, Visit
from workorders.planning import ensure_partitions

HOST = "127.10.0.1"


def quick_company(zone: str = "UTC") -> Company:
    """Retries at once: back-off of nothing; reconnections not paced, credits not counted."""
    owner = fleets.company(zone)
    for name in ("retry_base", "retry_cap", "pace_concentrator", "cap_credit_user_hour"):
        change(owner, name, "0")
    ensure_partitions(fleets.today())
    return owner


def visitable(owner: Company, number: int, meters: int = 2) -> Concentrator:
    """An initialised concentrator with keys, an endpoint and meters 100 x number + 1 ..."""
    profile = owner.procedureprofile_set.first() or fleets.procedure(owner)
    made = fleets.concentrator(owner, profile, name=f"TD-{number}")
    made.state, made.host, made.port = ConcentratorState.INITIALISED, HOST, 4000 + number
    made.save()
    secrets = {
        SecretRole.ENCRYPTION: number.to_bytes(16),
        SecretRole.AUTHENTICATION: (number + 1000).to_bytes(16),
    }
    keys.store(Holder.CONCENTRATOR, made.pk, secrets, company_id=owner.pk)
    fleets.meters(made, meters, first=100 * number + 1)
    return made


def device(made: Concentrator, meters: int = 2, **options) -> FakeConcentrator:
    """The device behind it; meter numbers as in `visitable`."""
    first = 100 * (made.port - 4000) + 1
    return FakeConcentrator(made.serial_number, tuple(range(first, first + meters)), **options)


def field_of(*pairs: tuple[Concentrator, FakeConcentrator]) -> FakeDriver:
    return FakeDriver({(made.host, made.port): device for made, device in pairs})


def scheduled(made: Concentrator, activity: Activity, period: int, offset: int = 0) -> None:
    """Put an activity on the concentrator's procedure, without spread."""
    ProcedureItem.objects.create(
        profile=made.procedure_profile, activity=activity, period=period, offset=offset, spread=0
    )


def due(made: Concentrator, *activities: str, ago: float = 1.0, window=None) -> None:
    """One-off slots that became due `ago` seconds ago."""
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    partitions.ensure("slot", moment.date(), moment.date())
    slots.request([made.pk], activities or ["load_profile"], window, moment)


def drain(driver: FakeDriver, **options):
    """Run an engine until nothing is due."""
    return Engine(driver, Options(**options)).run_until_idle()


def states(made: Concentrator) -> list[str]:
    """States of its slots, oldest first."""
    found = Slot.objects.filter(concentrator_id=made.pk).order_by("due", "activity")
    return [slot.state for slot in found]


def visits(made: Concentrator) -> list[Visit]:
    return list(Visit.objects.filter(concentrator_id=made.pk).order_by("started_at", "id"))


def lane(made: Concentrator) -> Lane:
    return Lane.objects.get(pk=made.pk)


def today() -> date:
    return fleets.today()
