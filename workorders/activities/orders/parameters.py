"""Parsing the parameters of an order: every refusal names parameter, value and cure.

Values come from JSON, CSV and the command line: a whole number may be written as text. Reply codes
(`codes/reply_error_codes.csv`; the choice is assumed): 1.7 a parameter is missing, 5.8 it does not
have a value that can be used.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from hes.domain import identifiers
from hes.domain.errors import BadValue
from workorders.activities.orders.base import Rejected

MISSING, UNUSABLE = "1.7", "5.8"
LONGEST_I32 = 2**31 - 1
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}")

Parser = Callable[[Mapping[str, Any]], dict[str, Any]]


def only(given: Mapping[str, Any], *known: str) -> None:
    """Refuse what the kind does not know: a misspelt parameter must not be ignored."""
    for name in given:
        if name not in known:
            cure = f"use {', '.join(known)}" if known else "this order takes no parameters"
            raise Rejected(UNUSABLE, f"parameter {str(name)[:40]!r} is not known - {cure}")


def nothing(given: Mapping[str, Any]) -> dict[str, Any]:
    """No parameters."""
    only(given)
    return {}


def is_given(given: Mapping[str, Any], name: str) -> bool:
    """An empty cell of a file counts as not given."""
    return given.get(name) not in (None, "")


def present(given: Mapping[str, Any], name: str, cure: str) -> Any:
    """The value of a parameter that must be given."""
    if not is_given(given, name):
        raise Rejected(MISSING, f"parameter {name} is missing - {cure}")
    return given[name]


def whole(given: Mapping[str, Any], name: str, lowest: int, highest: int) -> int:
    """A whole number within [lowest, highest]."""
    cure = f"give a whole number from {lowest} to {highest}"
    value = present(given, name, cure)
    is_whole = isinstance(value, int | str) and not isinstance(value, bool)
    if not is_whole or not _WHOLE.fullmatch(str(value).strip()):
        raise unusable(name, value, cure)
    number = int(value)
    if not lowest <= number <= highest:
        raise unusable(name, value, cure)
    return number


def optional_whole(given: Mapping[str, Any], name: str, lowest: int, highest: int) -> int | None:
    """As `whole`; None where the parameter is not given."""
    return whole(given, name, lowest, highest) if is_given(given, name) else None


def truth(given: Mapping[str, Any], name: str) -> bool:
    """true or false, also written as text."""
    cure = "give true or false"
    value = present(given, name, cure)
    word = str(value).strip().lower()
    if word not in ("true", "false"):
        raise unusable(name, value, cure)
    return word == "true"


def text(given: Mapping[str, Any], name: str, limit: int) -> str:
    """A name of at most `limit` characters that may be printed."""
    cure = f"give a name of at most {limit} characters"
    value = present(given, name, cure)
    if not isinstance(value, str):
        raise unusable(name, value, cure)
    try:
        return identifiers.name(value, limit)
    except BadValue as fault:
        raise unusable(name, value, f"{fault.problem}: {fault.advice}") from None


def unusable(name: str, value: Any, cure: str) -> Rejected:
    """The refusal of a value."""
    return Rejected(UNUSABLE, f"parameter {name} is {str(value)[:60]!r} - {cure}")
