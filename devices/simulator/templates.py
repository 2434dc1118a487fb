"""A fleet as the files a utility sends: the seven provisioning templates and the associations.

New meters are installed (templates 1 to 3) and associated by no file: autodiscovery finds them.

Columns as printed in 002 (`tests/samples/provisioning_*.csv`). Keys stand in clear, therefore the
folder is 0700 and the files 0600.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from devices.simulator import chance, nameplate

if TYPE_CHECKING:
    from devices.simulator.population import Concentrator, Fleet, Meter

ASSOCIATIONS = "associations.csv"
PROCEDURE, SPONTANEOUS = "Demo procedure", "Demo spontaneous"
PER_SUBSTATION = 4
WINDOWS_ZONES = {"America/Santiago": "Pacific SA Standard Time"}

Line = tuple[str, ...]
Lines = Callable[["Fleet"], Iterator[Line]]


def write(fleet: "Fleet", folder: Path) -> dict[int, Path]:
    """Write all files below `folder` (made if missing); template number -> its file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    _write(folder / ASSOCIATIONS, _associations(fleet))
    files = {}
    for number, (name, lines) in TEMPLATES.items():
        files[number] = folder / f"{number}_{name}.csv"
        _write(files[number], lines(fleet))
    return files


def _write(path: Path, lines: Iterator[Line]) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(";".join(line) + "\n" for line in lines)


def _usage_points(fleet: "Fleet") -> Iterator[Line]:
    yield ("name", "address", "city", "latitude", "longitude", "altitude", "tag", "isbalance")
    for concentrator in fleet.concentrators:
        for meter in concentrator.on_the_line:
            yield (meter.pod, f"Calle {concentrator.number + 1} No. {meter.row}", "Santiago",
                   *_position(concentrator, meter), "demo", "FALSE")  # fmt: skip


def _position(concentrator: "Concentrator", meter: "Meter | None" = None) -> Line:
    """Latitude, longitude (decimal comma) and altitude; meters stand around their concentrator."""
    name = meter.serial if meter else concentrator.serial
    north, east = (chance.fraction(concentrator.seed, way, "house", name) for way in "ne")
    latitude, longitude = concentrator.position
    degrees = (latitude + (north - 0.5) / 200, longitude + (east - 0.5) / 200)
    return (*(f"{degree:.6f}".replace(".", ",") for degree in degrees), "520")


def _meters(fleet: "Fleet") -> Iterator[Line]:
    yield ("serialnumber", "serialnumber_board", "macaddress", "firmwareid", "hardwareid",
           "servicekind", "tag", "primarykey", "secondarykey")  # fmt: skip
    for meter in (*fleet.meters, *fleet.newcomers):
        keys = _hex(meter.encryption_key), _hex(meter.authentication_key)
        yield (meter.serial, meter.serial, _hex(meter.mac), nameplate.FIRMWARE,
               nameplate.HARDWARE, "Electric", "demo", *keys)  # fmt: skip


def _links(fleet: "Fleet") -> Iterator[Line]:
    yield ("serialnumber", "podname")
    for meter in (*fleet.meters, *fleet.newcomers):
        yield meter.serial, meter.pod


def _substations(fleet: "Fleet") -> Iterator[Line]:
    yield ("name", "description", "address", "city", "latitude", "longitude", "altitude",
           "windowstimezoneid")  # fmt: skip
    zone = WINDOWS_ZONES.get(fleet.zone.key, fleet.zone.key)
    for number in range(0, fleet.size, PER_SUBSTATION):
        yield (_substation(number), "Distribution substation", f"Avenida {number + 1}", "Santiago",
               *_position(fleet.concentrator(number)), zone)  # fmt: skip


def _transformers(fleet: "Fleet") -> Iterator[Line]:
    yield ("code", "substationname", "description")
    for concentrator in fleet.concentrators:
        number = concentrator.number
        yield _transformer(number), _substation(number), "Distribution transformer"


def _concentrators(fleet: "Fleet") -> Iterator[Line]:
    yield ("serialnumber", "adlvc", "ppp_username", "ppp_password", "maa_username",
           "maa_password", "k2_password", "tag")  # fmt: skip
    for each in fleet.concentrators:
        ppp, maa, k2 = (_hex(each.secret(f"{role}_password")) for role in ("ppp", "maa", "k2"))
        user = f"U{each.serial}"
        yield each.serial, _hex(each.lv_address), user, ppp, user, maa, k2, "demo"


def _installations(fleet: "Fleet") -> Iterator[Line]:
    yield ("ConcentratorName", "ConcentratorSerialNumber", "SpontaneousProfile",
           "ProcedureProfile", "SubstationName", "TransformerName", "ModuleSerialNumber",
           "SimSerialNumber", "EthernetName")  # fmt: skip
    for each in fleet.concentrators:
        number = each.number
        yield (each.name, each.serial, SPONTANEOUS, PROCEDURE, _substation(number),
               _transformer(number), f"MOD{2_000_000 + number}", f"SIM{8_956_000_000 + number}",
               f"ETH{number + 1:05d}")  # fmt: skip


def _associations(fleet: "Fleet") -> Iterator[Line]:
    yield ("concentratorserialnumber", "serialnumber", "phase", "row")
    for concentrator in fleet.concentrators:
        for meter in concentrator.meters:
            yield concentrator.serial, meter.serial, str(meter.phase), str(meter.row)


def _substation(number: int) -> str:
    return f"SE-{number // PER_SUBSTATION + 1:04d}"


def _transformer(number: int) -> str:
    return f"TR-{number + 1:05d}"


def _hex(raw: bytes) -> str:
    return raw.hex().upper()


TEMPLATES: dict[int, tuple[str, Lines]] = {
    1: ("usage_points", _usage_points),
    2: ("meters", _meters),
    3: ("links", _links),
    4: ("substations", _substations),
    5: ("transformers", _transformers),
    6: ("concentrators", _concentrators),
    7: ("installations", _installations),
}
