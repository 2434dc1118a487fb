"""Meters put under a concentrator by hand: the rules and writes are those of the file."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from devices.choices import DiscoverySource
from devices.imports.registry import template_called
from devices.imports.report import Operation, Report
from devices.models import Company
from devices.provisioning import Wish, rows_of, store


def associate(company: Company, rows: Iterable[Sequence[str]], at: datetime) -> Report:
    """Associate by rows of (concentrator serial, meter serial, phase, row); all or nothing."""
    return _by_hand(company, rows, at, Operation.CREATE)


def release(company: Company, rows: Iterable[Sequence[str]], at: datetime) -> Report:
    """End associations by rows as for `associate`; commissioned meters are refused."""
    return _by_hand(company, rows, at, Operation.DELETE)


def _by_hand(
    company: Company, rows: Iterable[Sequence[str]], at: datetime, operation: Operation
) -> Report:
    wish = Wish(operation, valid_from=at, source=DiscoverySource.MANUAL)
    return store(template_called("associations"), rows_of(rows), company, wish)
