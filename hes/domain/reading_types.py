"""Reading types that can be asked of a meter: from the code to a register or a maximum.

Source: `codes/reading_types.csv`, `codes/reading_type_aliases.csv` (003 6.2.1, 6.2.4). An alias is
a code as a document prints it; it is looked up before the code itself (design D22).
"""

from dataclasses import dataclass

from hes.domain.catalogue import Row, rows

_ENERGIES = {
    ("Wh", "forward"): 0x02,
    ("varh", "forward"): 0x04,
    ("Wh", "reverse"): 0x08,
    ("varh", "reverse"): 0x10,
    ("W", "forward"): 0x02,
    ("W", "reverse"): 0x08,
}
"""Unit and direction to the code of `hes.domain.energies` (`codes/energy_tables.csv`)."""


@dataclass(frozen=True, slots=True)
class MeterRegister:
    """What a reading type names: `tariff` 0 is the total, `previous` the last billing period."""

    energy: int
    tariff: int
    previous: bool


_CODES: dict[str, Row] = {row["code"]: row for row in rows("reading_types")}
_ALIASES: dict[str, str] = {row["alias"]: row["code"] for row in rows("reading_type_aliases")}


def canonical(code: str) -> str | None:
    """The 18-attribute code behind a code or alias; None where nobody knows it."""
    found = _ALIASES.get(code, code)
    return found if found in _CODES else None


def _of(category: str) -> dict[str, MeterRegister]:
    return {
        row["code"]: MeterRegister(
            energy=_ENERGIES[row["unit"], row["direction"]],
            tariff=int(row["tou"] or 0),
            previous=row["period"] != "present",
        )
        for row in _CODES.values()
        if row["category"] == category
    }


ENERGY_REGISTERS: dict[str, MeterRegister] = _of("energy_register")
MAXIMUM_DEMANDS: dict[str, MeterRegister] = _of("maximum_demand")
