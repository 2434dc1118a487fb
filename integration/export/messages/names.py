"""Names of hubs, and which of them would mix companies. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


def hub_name(kind: str, company_code: str, is_first: bool, pattern: str) -> str:
    """`hes-<kind>` for the first company, `hes-<company>-<kind>` for others (design 8).

    `pattern` is the setting `hub_names`: it holds `{kind}` and goes before both.
    """
    standard = "hes-{kind}" if is_first else f"hes-{company_code.lower()}-{{kind}}"
    return (pattern or standard).replace("{kind}", kind.lower())


@dataclass(frozen=True, slots=True)
class SharedHub:
    """Companies, by code, that would send to one hub."""

    hub: str
    companies: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' and '.join(self.companies)} would send to one hub, {self.hub}"


def shared_hubs(uses: Iterable[tuple[str, str]]) -> list[SharedHub]:
    """Hubs that more than one company uses, from pairs (company code, hub); case says nothing.

    One company may send several kinds to one hub.
    """
    users: dict[str, set[str]] = defaultdict(set)
    for company, hub in uses:
        users[hub.lower()].add(company)
    return [
        SharedHub(hub, tuple(sorted(own))) for hub, own in sorted(users.items()) if len(own) > 1
    ]
