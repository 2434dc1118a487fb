"""The simulated field as the demo's fleet: generated templates, the same import as everybody's."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devices import commissioning, model_keys, provisioning
from devices.choices import ConcentratorState, ProcessState
from devices.meter_models import ensure_meter_models
from devices.models import Company, Concentrator, Meter, MeterModel
from devices.simulator import nameplate
from devices.simulator.population import Fleet, public_keys
from devices.simulator.templates import ASSOCIATIONS
from hes.demo.options import Options
from hes.demo.trouble import DemoError

# In the order in which one refers to the other.
TEMPLATES = (1, 2, 3, 4, 5, 6, 7)
PATIENCE = 60.0
STATE = "field.jsonl"  # what orders did to the simulated field


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The devices of the demo's company."""

    concentrator_ids: list[int]


def provision(
    company: Company,
    options: Options,
    home: Path,
    since: datetime,
    scheduled_from: datetime,
    new_meters: int = 0,
) -> Provisioned:
    """Import the generated fleet; what an earlier run imported is found unchanged.

    Links are valid from `since`; scheduled collections begin at `scheduled_from`. `new_meters` are
    installed at their PODs and under no concentrator yet.
    """
    _same_fleet(options, home / "fleet.json", new_meters)
    fleet = Fleet.generate(
        options.seed, options.concentrators, options.meters, new_meters=new_meters
    )
    files = fleet.write_templates(home / "templates")
    load_public_keys(fleet)
    if not Concentrator.objects.filter(company=company).exists():
        for number in TEMPLATES:
            _import(str(number), files[number], company, since)
    if Concentrator.objects.filter(company=company, state=ConcentratorState.INSTALLED).exists():
        _bring_into_service(
            fleet, company, home / "templates" / ASSOCIATIONS, since, scheduled_from
        )
    return Provisioned(_ids(company))


def load_public_keys(fleet: Fleet) -> None:
    """The sets that new meters of the field hold."""
    ensure_meter_models()
    for model in MeterModel.objects.filter(code__in=nameplate.MODELS.values()):
        values = zip(model_keys.NAMES.values(), public_keys(fleet.seed, model.code), strict=True)
        model_keys.store(model, dict(values), replaces=True)


def _bring_into_service(
    fleet: Fleet, company: Company, associations: Path, since: datetime, scheduled_from: datetime
) -> None:
    commissioning.set_endpoints(company, fleet.endpoints())
    commissioning.initialise(_ids(company), scheduled_from)
    _import("associations", associations, company, since)
    served = Meter.objects.filter(company=company, process_state=ProcessState.TO_COMMISSION)
    commissioning.commission(list(served.values_list("pk", flat=True)))


def _ids(company: Company) -> list[int]:
    return list(Concentrator.objects.filter(company=company).values_list("pk", flat=True))


def _same_fleet(options: Options, note: Path, new_meters: int) -> None:
    """Serials repeat between fleets, keys do not: a state keeps the fleet it was made with."""
    wanted = {
        "seed": options.seed, "concentrators": options.concentrators, "meters": options.meters,
        "new_meters": new_meters,
    }  # fmt: skip
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) != wanted:
        raise DemoError(f"{note.parent} holds another fleet - add --reset to begin anew")
    note.write_text(json.dumps(wanted) + "\n", encoding="utf-8")


def _import(template: str, file: Path, company: Company, since: datetime) -> None:
    report = provisioning.run(template, file, company, valid_from=since)
    if report.faults:
        fault = report.faults[0]
        raise DemoError(f"{file.name} was refused: {fault}")


def is_ready(ready: Path) -> bool:
    """Whether the field process has said where it listens."""
    return ready.exists()


def connect(ready: Path, company: Company) -> int:
    """Take over the addresses the field listens on; returns how many are known."""
    endpoints = json.loads(ready.read_text(encoding="utf-8"))
    return commissioning.set_endpoints(
        company, {serial: (host, port) for serial, (host, port) in endpoints.items()}
    )


def wait_until_ready(ready: Path, tick: Callable[[], None]) -> None:
    """Wait for the field process to listen; DemoError when it does not."""
    deadline = time.monotonic() + PATIENCE
    while not is_ready(ready):
        tick()
        if time.monotonic() > deadline:
            raise DemoError("the simulated field does not start; see the log of the simulator")
        time.sleep(0.05)
