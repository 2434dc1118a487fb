"""What the steps of a meter's life change in the inventory: effects and deeds (design 7).

Each has its function in `workorders.effects.life`; all are guarded moves of `devices.lifecycle`, so
that what has gone on meanwhile stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workorders.activities.orders.base import Deed, Effect


@dataclass(frozen=True, slots=True)
class RecruitingBegun(Effect):
    """To commission -> recruiting: the concentrator was told to recruit the meter."""


@dataclass(frozen=True, slots=True)
class RecruitingFailed(Effect):
    """Recruiting, or to verify -> to commission."""


@dataclass(frozen=True, slots=True)
class NoteRecruited(Deed):
    """-> None: recruiting -> to verify: the concentrator serves the meter."""


@dataclass(frozen=True, slots=True)
class Commissioned(Effect):
    """Installed -> commissioned, to verify -> to configure, with its LPE line."""


@dataclass(frozen=True, slots=True)
class Configured(Effect):
    """To configure -> no open step, once the meter and its entry are both configured."""


@dataclass(frozen=True, slots=True)
class Decommissioned(Effect):
    """Commissioned -> decommissioned, and its association ends, with an LPE line each."""


@dataclass(frozen=True, slots=True)
class Follow(Effect):
    """An order of `kind` for the same meter, made by rule; once per order that ends."""

    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
