"""What became of an order: the fact behind an HPE line."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OrderResult:
    """The outcome of one order (002, HPE; codes: `codes/order_results.csv`).

    `concentrator`, `meter` and `pod` are printed as they are, empty where there is none. `at` is
    aware; `correlation` is the caller's, checked by `identifiers.named_text` when it was given.
    `breaker` is 0 (open), 100 (closed), a percentage in between (reduced), or None where the order
    says nothing of it.
    """

    concentrator: str
    meter: str
    pod: str
    code: str
    at: datetime
    correlation: str
    is_external: bool
    text: str = ""
    breaker: int | None = None
