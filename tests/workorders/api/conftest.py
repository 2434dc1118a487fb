"""Two companies, each with a fleet and people."""

import pytest

from devices.models import Concentrator
from tests.factories import fleets
from tests.factories.callers import Caller
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import fleet


@pytest.fixture
def td() -> Concentrator:
    return fleet(meters=12)


@pytest.fixture
def ana(td) -> Caller:
    return Caller("ana", td.company)


@pytest.fixture
def bob(td) -> Caller:
    return Caller("bob", td.company)


@pytest.fixture
def eve(td) -> Caller:
    """Of another company."""
    return Caller("eve", fleets.company(code="other"))
