"""The energies a meter integrates: load-profile channels and closure registers.

Source: `codes/energy_tables.csv`, `codes/energy_types.csv` (001 2.1.2, 2.1.3; 002),
companion profile 3.3.
"""

from dataclasses import dataclass

from hes.domain.catalogue import Row, rows


@dataclass(frozen=True, slots=True)
class Energy:
    """One energy: `channel` is its append-only position in the load profile table (0 to 5)."""

    code: int
    name: str
    channel: int
    reading_types: dict[int, str]  # interval length in minutes -> 18-attribute code
    closure_type: int | None  # `energytype` of DC lines, None where no closure exists
    current_type: int | None  # `energytype` of R lines

    @property
    def table_type(self) -> str:
        """The load-profile table type as the operators print it: `02`, `10`, ..."""
        return f"{self.code:02X}"


def _energy(channel: int, row: Row) -> Energy:
    closure = int(row["dc_energytype"]) if row["dc_energytype"] else None
    return Energy(
        code=int(row["table_type_lp"], 16),
        name=row["energy_type"],
        channel=channel,
        reading_types={15: row["reading_type_15min"], 60: row["reading_type_60min"]},
        closure_type=closure,
        current_type=closure - 7 if closure else None,  # 8..11 previous, 1..4 current
    )


ENERGIES: tuple[Energy, ...] = tuple(
    _energy(channel, row) for channel, row in enumerate(rows("energy_tables"))
)
BY_CODE: dict[int, Energy] = {energy.code: energy for energy in ENERGIES}
TYPE_TEXT: dict[int, str] = {
    int(row["energytype"]): row["description"] for row in rows("energy_types")
}
