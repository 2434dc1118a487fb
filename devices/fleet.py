"""What a visit needs to know of one concentrator and its meters, read in a few queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from devices.choices import MeterState, Phases, ProcessState
from devices.models import (
    Association,
    Concentrator,
    EnergyProfile,
    MeasurandItem,
    MeterInstallation,
)
from devices.parameters import parameters_of
from hes.domain.time import epoch_of

Stay = tuple[int | None, int | None, str]  # [from, to) in UTC epoch seconds, name of the POD
FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class MeterRef:
    """One meter as recording sees it; energies by the codes of `hes.domain.energies`."""

    id: int
    serial: str
    pods: tuple[Stay, ...]  # in order of time
    is_poly: bool
    closure_energies: frozenset[int]
    channels: frozenset[int]  # energies of the load profile
    measurands: frozenset[tuple[int, int]]  # register, value type
    is_commissioned: bool  # and configured: whoever does not answer is missed

    def pod_at(self, instant: int) -> tuple[str, int]:
        """The POD's name valid at an instant, empty if none, and until when that holds."""
        for since, until, name in self.pods:
            if since is not None and instant < since:
                return "", since
            if until is None or instant < until:
                return name, FOREVER if until is None else until
        return "", FOREVER


@dataclass(frozen=True, slots=True)
class Fleet:
    """A concentrator, its meters by MAC address, and the company's settings for recording them."""

    id: int
    serial: str
    name: str  # as lines print it: the name, or the serial before one is given
    company_id: int
    zone: ZoneInfo
    max_missed_contacts: int
    ledger_days: int
    meters: dict[bytes, MeterRef] = field(repr=False)


def load_fleet(concentrator_id: int, now: datetime | None = None) -> Fleet:
    """The fleet of a concentrator at `now`; raises Concentrator.DoesNotExist.

    Seven statements however many meters there are; statistics rows that are missing are made.
    """
    now = now or timezone.now()
    owner = Concentrator.objects.select_related("company", "substation", "procedure_profile").get(
        pk=concentrator_id
    )
    _ensure_statistics(concentrator_id, now)
    settings = parameters_of(owner.company_id)
    zone_name = owner.substation.time_zone if owner.substation else owner.company.time_zone
    return Fleet(
        id=owner.pk,
        serial=owner.serial_number,
        name=owner.name or owner.serial_number,
        company_id=owner.company_id,
        zone=ZoneInfo(zone_name),
        max_missed_contacts=settings.number("max_missed_contacts"),
        ledger_days=settings.number("ledger_days"),
        meters=_meters(owner, now),
    )


_ENSURE = """
INSERT INTO meter_statistics (meter_id, concentrator_id)
SELECT meter_id, concentrator_id FROM association AS own
 WHERE concentrator_id = %s AND validity @> %s::timestamptz AND NOT EXISTS (
       SELECT FROM meter_statistics AS known
        WHERE known.meter_id = own.meter_id AND known.concentrator_id = own.concentrator_id)
 ORDER BY meter_id
    ON CONFLICT (meter_id) DO UPDATE SET concentrator_id = excluded.concentrator_id
"""


def _ensure_statistics(concentrator_id: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ENSURE, [concentrator_id, now])


_COLUMNS = (
    "meter_id",
    "meter__serial_number",
    "meter__mac_address",
    "meter__state",
    "meter__process_state",
    "meter__model__phases",
    "meter__closure_energy_id",
    "meter__load_profile_energy_id",
    "meter__measurands_id",
)


def _meters(owner: Concentrator, now: datetime) -> dict[bytes, MeterRef]:
    associated = Association.objects.filter(concentrator_id=owner.pk, validity__contains=now)
    rows = list(associated.values_list(*_COLUMNS))
    stays = _stays([row[0] for row in rows])
    profiles = _Profiles(owner)
    meters = {}
    for meter_id, serial, mac, state, step, phases, closure, load_profile, measurands in rows:
        is_poly = phases == Phases.POLY
        meters[bytes(mac)] = MeterRef(
            id=meter_id,
            serial=serial,
            pods=tuple(stays[meter_id]),
            is_poly=is_poly,
            closure_energies=profiles.energies(closure, profiles.closure, is_poly),
            channels=profiles.energies(load_profile, profiles.load_profile, is_poly),
            measurands=profiles.registers(measurands),
            is_commissioned=state == MeterState.COMMISSIONED and step != ProcessState.TO_CONFIGURE,
        )
    return meters


def _stays(meter_ids: Iterable[int]) -> dict[int, list[Stay]]:
    stays: dict[int, list[Stay]] = defaultdict(list)
    installations = MeterInstallation.objects.filter(meter_id__in=meter_ids).order_by("validity")
    for meter_id, validity, name in installations.values_list(
        "meter_id", "validity", "usage_point__name"
    ):
        since = epoch_of(validity.lower) if validity.lower else None
        until = epoch_of(validity.upper) if validity.upper else None
        stays[meter_id].append((since, until, name))
    return stays


class _Profiles:
    """The energy and measurand profiles of a company; a meter's own goes before the procedure's.

    An inactive or missing profile collects nothing.
    """

    def __init__(self, owner: Concentrator) -> None:
        procedure = owner.procedure_profile
        self.closure = procedure.closure_energy_id if procedure else None
        self.load_profile = procedure.load_profile_energy_id if procedure else None
        self._measurands = procedure.measurands_id if procedure else None
        self._energies = {
            (profile_id, is_poly): frozenset(poly if is_poly else mono)
            for profile_id, mono, poly in EnergyProfile.objects.filter(
                company_id=owner.company_id, is_active=True
            ).values_list("pk", "mono", "poly")
            for is_poly in (False, True)
        }
        self._registers: dict[int, set[tuple[int, int]]] = defaultdict(set)
        for profile_id, register, value_type in MeasurandItem.objects.filter(
            profile__company_id=owner.company_id
        ).values_list("profile_id", "register", "value_type"):
            self._registers[profile_id].add((register, value_type))

    def energies(self, own: int | None, common: int | None, is_poly: bool) -> frozenset[int]:
        """The energies to collect from a mono- or polyphase meter."""
        return self._energies.get((own or common or 0, is_poly), frozenset())

    def registers(self, own: int | None) -> frozenset[tuple[int, int]]:
        """The (register, value type) pairs to collect."""
        return frozenset(self._registers.get(own or self._measurands or 0, ()))
