"""Names of hubs, and which of them would mix companies. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

SPOKEN = {"OUT": "outage"}  # kinds whose stream has a name of its own (issue 5.4)


def hub_name(kind: str, company_code: str, is_first: bool, pattern: str) -> str:
    """`hes-<kind>` for the first company, `hes-<company>-<kind>` for others (design 8).

    The stream of OUT is `outage`. `pattern` is the setting `hub_names`: it holds `{kind}` and goes
    before both.
    """
    standard = "hes-{kind}" if is_first else f"hes-{company_code.lower()}-{{kind}}"
    return (pattern or standard).replace("{kind}", SPOKEN.get(kind, kind.lower()))


@dataclass(frozen=True, slots=True)
class SharedHubs:
    """Companies, by code, and the hubs to which each of them would send."""

    companies: tuple[str, ...]
    hubs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' and '.join(self.companies)} would share {', '.join(self.hubs)}"


def shared_hubs(uses: Iterable[tuple[str, str]]) -> list[SharedHubs]:
    """Hubs that more than one company uses, from pairs (company code, hub); case says nothing.

    One company may send several kinds to one hub.
    """
    users: dict[str, set[str]] = defaultdict(set)
    for company, hub in uses:
        users[hub.lower()].add(company)
    shared: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for hub, companies in sorted(users.items()):
        if len(companies) > 1:
            shared[tuple(sorted(companies))].append(hub)
    return [SharedHubs(companies, tuple(hubs)) for companies, hubs in shared.items()]
