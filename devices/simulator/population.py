"""The invented fleet: every identity, key and place follows from (seed, numbers).

Nothing is kept per device: a concentrator knows its number and makes its meters when asked, so a
fleet of any size costs nothing. Keys are unique per device (HMAC of the seed).
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from devices.simulator import chance, nameplate, templates
from hes.lib.crypto import concentrator_keys

METERS_AT_MOST, CONCENTRATORS_AT_MOST = 1000, 62_500
PORT = 4059
CITY = (-33.45, -70.66)  # Santiago


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter: `number` is unique in the fleet, `row` its place at the concentrator from 1."""

    seed: int
    serial: str
    number: int
    row: int

    @property
    def mac(self) -> bytes:
        """MAC address; the prefix holds letters so that no spreadsheet takes it for a number."""
        return b"\x86\xae" + self.number.to_bytes(4, "big")

    @property
    def phase(self) -> int:
        """1 R, 2 S, 3 T, 4 all."""
        if nameplate.is_poly(self.serial):
            return 4
        return 1 + chance.whole(self.seed, "phase", self.serial, below=3)

    @property
    def pod(self) -> str:
        """Name of the usage point it is linked to."""
        return f"POD{self.number:08d}"

    @property
    def encryption_key(self) -> bytes:
        """guek (template column primarykey)."""
        return _key(self.seed, "guek", self.serial)

    @property
    def authentication_key(self) -> bytes:
        """gak (template column secondarykey)."""
        return _key(self.seed, "gak", self.serial)

    @property
    def public_keys(self) -> tuple[bytes, bytes, bytes]:
        """guek, gak and master of its model: what every new meter of it holds (profile 2)."""
        return public_keys(self.seed, nameplate.model(self.serial))

    @property
    def system_title(self) -> bytes:
        """`MTR` and the last five bytes of the MAC (companion profile 2)."""
        return b"MTR" + self.mac[-5:]


@dataclass(frozen=True, slots=True)
class Concentrator:
    """One concentrator: `number` from 0, `size` meters under it, `new` ones that it only sees."""

    seed: int
    number: int
    size: int
    uniform: bool = False
    new: int = 0

    @property
    def serial(self) -> str:
        """Sixteen characters like 20LVM50A10006010."""
        return f"20LVM50A{10_000_000 + self.number}"

    @property
    def spoken_serial(self) -> str:
        """As its datagrams carry it: 15 characters, one zero less in the running number (*assumed*
        from the samples of 000 and 002; research/field-protocols 4.1)."""
        return self.serial[:8] + self.serial[8:].replace("0", "", 1)

    @property
    def name(self) -> str:
        """The name it gets at installation."""
        return f"TD-{1000 + self.number}"

    @property
    def lv_address(self) -> bytes:
        """Address on the LV network (adlvc)."""
        return b"\x4c\x56" + self.number.to_bytes(4, "big")

    @property
    def system_title(self) -> bytes:
        """`LVC` and the last five bytes of the LV address."""
        return b"LVC" + self.lv_address[-5:]

    def secret(self, role: str) -> bytes:
        """16 bytes of a template 6 column: `ppp_password`, `maa_password`, `k2_password`."""
        return _key(self.seed, role, self.serial)

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """(guek, gak), derived from K2 until mutual authentication hands over others."""
        return concentrator_keys(self.secret("k2_password"), self.serial)

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters it has served since ever, by row."""
        return tuple(map(self._meter, range(1, self.size + 1)))

    @property
    def new_meters(self) -> tuple[Meter, ...]:
        """Meters on its power line that it only sees, until it is told to serve them."""
        return tuple(map(self._meter, range(self.size + 1, self.size + self.new + 1)))

    @property
    def on_the_line(self) -> tuple[Meter, ...]:
        """All meters it can see."""
        return (*self.meters, *self.new_meters)

    def meter(self, mac: bytes) -> Meter | None:
        """The meter on its power line with a MAC address, None for a stranger."""
        row = int.from_bytes(mac[2:], "big") - self.number * METERS_AT_MOST
        found = self._meter(row) if 1 <= row <= self.size + self.new else None
        return found if found is not None and found.mac == mac else None

    def _meter(self, row: int) -> Meter:
        number = self.number * METERS_AT_MOST + row
        prefix, kind = self._make(row)
        return Meter(self.seed, nameplate.serial(prefix, kind, number), number, row)

    def _make(self, row: int) -> tuple[str, str]:
        """Mono mostly, a tenth poly, a few semi-direct; the last served meter is bidirectional."""
        if row == self.size:
            return nameplate.POLY, nameplate.BIDIRECTIONAL
        if self.uniform or row % 10 == 5:
            return nameplate.POLY, nameplate.PLAIN
        prefix = nameplate.SEMI_DIRECT if row % 25 == 14 else nameplate.MONO
        return prefix, nameplate.PLAIN

    @property
    def position(self) -> tuple[float, float]:
        """Latitude and longitude."""
        north = chance.fraction(self.seed, "north", self.serial) - 0.5
        east = chance.fraction(self.seed, "east", self.serial) - 0.5
        return CITY[0] + 0.25 * north, CITY[1] + 0.3 * east


@dataclass(frozen=True, slots=True)
class Fleet:
    """Concentrators and meters of one seed; `uniform` fleets have poly meters only.

    `new_meters` more, dealt out to the concentrators in turn, were installed but never served.
    """

    seed: int
    size: int
    meters_each: int
    zone: ZoneInfo
    uniform: bool = False
    new_meters: int = 0

    @classmethod
    def generate(
        cls,
        seed: int,
        concentrators: int,
        meters: int,
        zone: str = "America/Santiago",
        *,
        uniform: bool = False,
        new_meters: int = 0,
    ) -> "Fleet":
        """A fleet of `concentrators` with `meters` under each; ValueError beyond the numbering."""
        if not 1 <= concentrators <= CONCENTRATORS_AT_MOST:
            raise ValueError(f"{concentrators} concentrators: choose 1 to {CONCENTRATORS_AT_MOST}")
        if not 1 <= meters <= METERS_AT_MOST:
            raise ValueError(f"{meters} meters each: choose 1 to {METERS_AT_MOST}")
        if not 0 <= new_meters <= concentrators * (METERS_AT_MOST - meters):
            raise ValueError(f"{new_meters} new meters: there is no room for so many")
        return cls(seed, concentrators, meters, ZoneInfo(zone), uniform, new_meters)

    @property
    def concentrators(self) -> Iterator[Concentrator]:
        """All of them by number."""
        return map(self.concentrator, range(self.size))

    def concentrator(self, number: int) -> Concentrator:
        """The concentrator with a number from 0."""
        new = self.new_meters // self.size + (number < self.new_meters % self.size)
        return Concentrator(self.seed, number, self.meters_each, self.uniform, new)

    @property
    def meters(self) -> Iterator[Meter]:
        """All meters that are served from the start, by concentrator and row."""
        return (meter for each in self.concentrators for meter in each.meters)

    @property
    def newcomers(self) -> Iterator[Meter]:
        """The new meters, by concentrator and row."""
        return (meter for each in self.concentrators for meter in each.new_meters)

    def endpoints(self, pattern: str = "127.10.{a}.{b}") -> dict[str, tuple[str, int]]:
        """Concentrator serial -> address of its own and port 4059 (companion profile 1)."""
        return {each.serial: (host(pattern, each.number), PORT) for each in self.concentrators}

    def write_templates(self, folder: Path) -> dict[int, Path]:
        """Write the seven provisioning files and the associations; template number -> file."""
        return templates.write(self, folder)


def public_keys(seed: int, model: str) -> tuple[bytes, bytes, bytes]:
    """guek, gak and master of a meter model: the same in all its new meters."""
    guek, gak, master = (_key(seed, f"public {role}", model) for role in ("guek", "gak", "master"))
    return guek, gak, master


def host(pattern: str, number: int) -> str:
    """The address of a concentrator: 250 per third byte, none ends in 0 or 255."""
    return pattern.format(a=number // 250, b=number % 250 + 1)


def _key(seed: int, role: str, serial: str) -> bytes:
    return hmac.digest(str(seed).encode(), f"{role}|{serial}".encode(), "sha256")[:16]
