"""A company, the partitions of these days, and a folder to export into."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.models import Company
from devices.partitions import ensure


@pytest.fixture
def today(transactional_db):
    day = datetime.now(UTC).date()
    ensure("export_block", day - timedelta(days=2), day + timedelta(days=1))
    return day


@pytest.fixture
def yesterday(today):
    return today - timedelta(days=1)


@pytest.fixture
def company(today):
    return Company.objects.create(name="Demo", code="demo", time_zone="America/Santiago")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "export"
