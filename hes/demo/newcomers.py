"""The demo's new meters: they come into service before the eyes of who started it."""

import time
from collections.abc import Callable

from django.db import connection

from devices.models import Company

NEW_METERS = 3
EVERY = 1.0  # seconds between two looks

# Those that were ever on their way by a rule's order, and those that still wait for a concentrator.
_STEPS = """
SELECT m.serial_number, m.state, m.process_state, coalesce(c.name, '') FROM meter m
    LEFT JOIN association a ON a.meter_id = m.id AND upper_inf(a.validity)
    LEFT JOIN concentrator c ON c.id = a.concentrator_id
WHERE m.company_id = %s AND (m.process_state <> '' OR m.id IN (
    SELECT meter_id FROM work_order WHERE kind = 'commissioning' AND meter_id IS NOT NULL))
ORDER BY m.serial_number
"""
_TOLD = {
    "to_associate": "waits to be discovered",
    "to_commission": "discovered by {concentrator}, to be recruited",
    "recruiting": "{concentrator} is recruiting it",
    "to_verify": "recruited by {concentrator}, to be verified",
    "to_configure": "commissioned, to be configured",
    "": "read by schedule",
}


class Newcomers:
    """Tells each step of each new meter once."""

    def __init__(self, company: Company, tell: Callable[[str], None]) -> None:
        self._company, self._tell = company, tell
        self._known: dict[str, str] = {}
        self._looked = 0.0

    def tick(self) -> None:
        """Look once a second."""
        if time.monotonic() - self._looked < EVERY:
            return
        self._looked = time.monotonic()
        for serial, text in _steps(self._company):
            if self._known.get(serial) != text:
                self._known[serial] = text
                self._tell(f"  New meter {serial}: {text}")


def _steps(company: Company) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [company.pk])
        return [
            (serial, _TOLD[step].format(concentrator=name) if state != "decommissioned" else state)
            for serial, state, step, name in cursor.fetchall()
        ]
