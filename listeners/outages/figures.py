"""What a day of interruptions comes to, after IEEE 1366: SAIDI, SAIFI, CAIDI, MAIFI.

Sustained is what outlasts the setting `outage_momentary` (IEEE 1366: 5 min; 60 s by default here).
Minutes count on the day in which they passed, interruptions on the day in which they began.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Of one company and civil day."""

    customers: int
    interruptions: int
    momentaries: int
    customer_seconds: int

    @property
    def customer_minutes(self) -> float:
        """Customers x minutes without power."""
        return round(self.customer_seconds / 60, 2)

    @property
    def saidi(self) -> float:
        """Minutes without power per customer served."""
        return self._per(self.customer_seconds / 60, self.customers)

    @property
    def saifi(self) -> float:
        """Interruptions per customer served."""
        return self._per(self.interruptions, self.customers)

    @property
    def caidi(self) -> float:
        """Minutes per interruption."""
        return self._per(self.customer_seconds / 60, self.interruptions)

    @property
    def maifi(self) -> float:
        """Momentary interruptions per customer served."""
        return self._per(self.momentaries, self.customers)

    @staticmethod
    def _per(value: float, count: int) -> float:
        return round(value / count, 4) if count else 0.0
