"""The legal moves of meters, their process step, concentrators and keys (design 7, D16). Pure.

States are the stored values of `devices.choices`. Moves that no document prints are *assumed*:
those out of decommissioned and removed, and every step back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hes.domain.errors import IllegalMove


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """What may follow each state."""

    subject: str
    moves: Mapping[str, frozenset[str]]

    def require(self, current: str, target: str) -> None:
        """Raise IllegalMove unless `target` may follow `current`."""
        if target in self.moves[current]:
            return
        allowed = ", ".join(sorted(map(_shown, self.moves[current]))) or "nothing"
        raise IllegalMove(
            f"a {self.subject} cannot go from {_shown(current)} to {_shown(target)};"
            f" {_shown(current)} is followed by {allowed}"
        )

    def before(self, target: str) -> list[str]:
        """The states from which `target` may be reached, sorted; for a guarded UPDATE."""
        return sorted(state for state, following in self.moves.items() if target in following)

    def diagram(self) -> str:
        """The table as a Mermaid state diagram."""
        arrows = (
            f"    {_shown(state)} --> {_shown(target)}"
            for state, following in self.moves.items()
            for target in sorted(following)
        )
        return "\n".join(("stateDiagram-v2", *arrows))


def _shown(state: str) -> str:
    return state or "none"


def _life_cycle(subject: str, moves: Mapping[str, Iterable[str]]) -> LifeCycle:
    return LifeCycle(subject, {state: frozenset(following) for state, following in moves.items()})


METER = _life_cycle(
    "meter",
    {
        "provisioned": ("installed",),  # linked to a POD
        "installed": ("commissioned", "provisioned"),  # recruited and verified; or unlinked
        "commissioned": ("decommissioned",),
        "decommissioned": ("installed", "provisioned"),
    },
)

PROCESS = _life_cycle(
    "process",
    {
        "": ("to_associate", "to_configure"),
        "to_associate": ("to_commission", ""),
        "to_commission": ("recruiting", "to_associate", ""),
        "recruiting": ("to_verify", "to_commission", ""),
        "to_verify": ("to_configure", "to_commission", ""),
        "to_configure": ("",),
    },
)

CONCENTRATOR = _life_cycle(
    "concentrator",
    {
        "provisioned": ("installed",),  # template 7
        "installed": ("initialised", "removed"),  # first technical configuration done
        "initialised": ("removed",),  # its meters released or moved first
        "removed": ("installed",),
    },
)

KEY = _life_cycle(
    "key",
    {
        "new": ("active", "withdrawn"),
        # provisioned as the device's own, while it still holds its model's public ones (assumed)
        "active": ("expired", "withdrawn", "new"),
        "expired": ("withdrawn",),
        "withdrawn": (),
    },
)
