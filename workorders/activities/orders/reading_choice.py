"""Which reading types an order asks for, and which registers of the meter these are."""

from collections.abc import Mapping
from typing import Any

from hes.domain.reading_types import MeterRegister, canonical
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.parameters import is_given, only, unusable

NAME = "reading_types"
INVALID, UNSUPPORTED = "2.6", "2.10"  # codes/reply_error_codes.csv
_MOST = 100


def chosen(
    given: Mapping[str, Any], offered: Mapping[str, MeterRegister], default: str
) -> dict[str, Any]:
    """`reading_types`: a list of codes, or one text with commas between them.

    Without it the total of active import is read (assumed). Aliases become codes (design D22);
    each is kept once. Raises Rejected for a code that nobody knows or that this order cannot read.
    """
    only(given, NAME)
    wanted = given[NAME] if is_given(given, NAME) else default
    texts = wanted.split(",") if isinstance(wanted, str) else wanted
    if not isinstance(texts, list | tuple) or not 1 <= len(texts) <= _MOST:
        raise unusable(NAME, wanted, f"give a list of 1 to {_MOST} codes")
    return {NAME: list(dict.fromkeys(_code(str(text).strip(), offered) for text in texts))}


def _code(text: str, offered: Mapping[str, MeterRegister]) -> str:
    code = canonical(text)
    if code is None:
        raise Rejected(INVALID, f"{NAME}: {text[:60]!r} is no reading type - see 003 6.2")
    if code not in offered:
        raise Rejected(UNSUPPORTED, f"{NAME}: {code} cannot be read by this order - leave it out")
    return code
