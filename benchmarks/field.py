"""Fleets in the database: invented by the simulator, brought in by the product's own import."""

from datetime import UTC, datetime
from pathlib import Path

from devices.models import Company
from hes.demo import company, field
from hes.demo.once import NEVER
from hes.demo.options import parse

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
SEED = 1


def provision(home: Path, concentrators: int, meters: int) -> tuple[Company, list[int]]:
    """The company *Demo*, and the ids of new concentrators by number, with commissioned meters."""
    owner = company.make_company()
    today = datetime.now(UTC).date()
    company.accept_days_since(owner, today, today)
    home.mkdir()
    options = parse([f"--concentrators={concentrators}", f"--meters={meters}", f"--seed={SEED}"])
    return owner, sorted(field.provision(owner, options, home, SINCE, NEVER).concentrator_ids)
