"""Two meters under one concentrator, ready to be recorded."""

import pytest

from devices.fleet import Fleet, load_fleet
from tests.factories import fleets


@pytest.fixture
def fleet(db: None) -> Fleet:
    fleets.make_partitions()
    company = fleets.company()
    owner = fleets.concentrator(company, fleets.procedure(company))
    fleets.meters(owner, 2)
    return load_fleet(owner.pk)
