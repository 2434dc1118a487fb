"""Records as the CSV lines of the export contract. Pure: no database, no clock.

Columns: `codes/export_layouts.csv` (design 8). Every function returns whole lines with their line
feed. Values come validated: no field holds a `;`, quote or line break.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from hes.domain.catalogue import rows
from hes.domain.energies import TYPE_TEXT
from hes.domain.orders import OrderResult
from hes.domain.records import MaximumPower
from hes.domain.time import local_stamp, utc_stamp

HEADERS: dict[str, str] = {row["kind"]: row["columns"] for row in rows("export_layouts")}
"""The header line of each kind, without its line feed."""

_CODES = {row["name"]: row["code"] for row in rows("reading_types")}
VOLTAGE_MINIMUM = _CODES["voltage_min_weekly"]  # 003 6.2.5
VOLTAGE_MAXIMUM = _CODES["voltage_max_weekly"]
VOLTAGE_KO = _CODES["voltage_samples_ko_weekly"]
VOLTAGE_OK = _CODES["voltage_samples_ok_weekly"]
VOLTAGE_INTERRUPTION = _CODES["voltage_interruption"]
PREPAID_CREDIT = _CODES["prepaid_credit_available"]  # 003 6.2.6

_TRUTH = {True: "TRUE", False: "FALSE"}
SUMMER_TIME_BIT = 0x08
_HEAD = "\x00"  # stands for `serial;pod;` in a template; no field can hold it


class Series(NamedTuple):
    """What the lines of consecutive intervals have in common: one cached template.

    A tuple, because a look-up per run of a meter hashes it.
    """

    first_end: int  # UTC epoch seconds, end of the first interval
    period: int  # minutes
    size: int  # how many intervals
    offset: int  # minutes east of UTC on the device's stamp
    status: int  # AMR profile status byte
    code: str  # reading type
    decimals: int = 0


def state_of(status: int) -> int:
    """The exported state: the status without the summer-time bit (companion profile 3.3).

    0 is good.
    """
    return status & ~SUMMER_TIME_BIT


@lru_cache(maxsize=1024)
def _template(series: Series) -> str:
    hole = f"%.{series.decimals}f" if series.decimals else "%d"
    step = series.period * 60
    ends = range(series.first_end, series.first_end + series.size * step, step)
    middle = f"{_HEAD}{hole};{state_of(series.status)};{series.code};"
    return "".join(f"{middle}{local_stamp(end, series.offset)}\n" for end in ends)


def sample_lines(serial: str, pod: str, series: Series, values: Sequence[int]) -> str:
    """S and M lines, one per value; raw values carry `series.decimals` decimals.

    A whole series is one `%` over a cached template: 1/10 of the time of csv.writer.
    """
    head = f"{serial};{pod};".replace("%", "%%")
    numbers: tuple[float, ...] = tuple(values)
    if series.decimals:
        unit = 10.0**series.decimals
        numbers = tuple([value / unit for value in values])
    return _template(series).replace(_HEAD, head) % numbers


def sample_line(serial: str, pod: str, value: str, code: str, stamp: str, state: int = 0) -> str:
    """One MP, PP, VV or VI line: the columns of S (assumed, `codes/export_layouts.csv`)."""
    return f"{serial};{pod};{value};{state};{code};{stamp}\n"


def voltage_lines(
    serial: str, pod: str, voltages: tuple[int, int], samples: tuple[int, int], stamp: str
) -> str:
    """The four VV lines of a week: minimum and maximum from 0.1 V, samples KO and OK."""
    facts = (
        (VOLTAGE_MINIMUM, f"{voltages[0] / 10:.1f}"),
        (VOLTAGE_MAXIMUM, f"{voltages[1] / 10:.1f}"),
        (VOLTAGE_KO, str(samples[0])),
        (VOLTAGE_OK, str(samples[1])),
    )
    return "".join(sample_line(serial, pod, value, code, stamp) for code, value in facts)


def peak_line(serial: str, pod: str, peak: MaximumPower) -> str:
    """The MP line of one maximum demand, stamped with the moment of the peak (003 6.2.4)."""
    direction = "reverse" if peak.is_reverse else "forward"
    period = "_previous" if peak.previous_period else ""
    tariff = f"_t{peak.tariff}" if peak.tariff else ""
    code = _CODES[f"max_demand_active_{direction}{period}{tariff}"]
    return sample_line(serial, pod, str(peak.power), code, local_stamp(peak.at, peak.offset))


def register_line(
    serial: str, tariffs: Sequence[int], total: int, energy_type: int, stamp: str
) -> str:
    """A DC or R line: six tariffs, total, `energytype` and its text, local stamp."""
    values = ";".join(map(str, tariffs))
    return f"{serial};{values};{total};{energy_type};{TYPE_TEXT[energy_type]};{stamp}\n"


class Subject(NamedTuple):
    """Who a line is about; empty where there is none."""

    concentrator: str
    meter: str = ""
    pod: str = ""

    @property
    def head(self) -> str:
        """The first three columns of LPE, HPE and SWE."""
        return f"{self.concentrator};{self.meter};{self.pod}"


@dataclass(frozen=True, slots=True)
class Order:
    """What an order's result line adds: HPE (002)."""

    correlation: str = ""
    external: str = ""  # TRUE or FALSE; `-` in last gasp lines
    breaker: str = "-"


NO_ORDER = Order()
LAST_GASP = Order(external="-")
"""What stands there in lines of spontaneous messages (000 3.3.2)."""


def event_line(
    subject: Subject,
    code: str,
    moment: datetime | str,
    text: str,
    order: Order = NO_ORDER,
    severity: int = 0,
) -> str:
    """An LPE or HPE line; `moment` is printed in UTC, a stamp of the device as it is."""
    date = moment if isinstance(moment, str) else utc_stamp(moment)
    return (
        f"{subject.head};{code};{date};{order.correlation};{severity};{text}"
        f";{order.external};{order.breaker}\n"
    )


def result_line(result: OrderResult, severity: int = 0) -> str:
    """The HPE line of an order (002): `externalrequest` says whether another system asked."""
    subject = Subject(result.concentrator, result.meter, result.pod)
    breaker = "-" if result.breaker is None else str(result.breaker)
    order = Order(result.correlation, _TRUTH[result.is_external], breaker)
    return event_line(subject, result.code, result.at, result.text, order, severity)


def alarm_line(
    subject: Subject, code: str, moment: datetime, is_active: bool, text: str, severity: int = 0
) -> str:
    """A SWE line: one edge of one alarm."""
    return f"{subject.head};{code};{utc_stamp(moment)};{severity};{_TRUTH[is_active]};{text}\n"


@dataclass(frozen=True, slots=True)
class OutageTold:
    """An outage as a line tells it; what it has not is empty or None.

    `parent` is the larger outage it goes on in, or that it was left over of.
    """

    subject: Subject
    substation: str
    transformer: str
    outage: int
    level: str
    since: datetime
    until: datetime | None
    customers: int
    customers_out: int
    customer_seconds: int | None
    parent: int | None
    restored_by: str


def outage_line(event: str, moment: datetime, told: OutageTold) -> str:
    """An OUT line (ours): `event` became known at `moment`; all times in UTC."""
    until = utc_stamp(told.until) if told.until else ""
    minutes = "" if told.customer_seconds is None else f"{told.customer_seconds / 60:.2f}"
    return (
        f"{told.subject.head};{told.substation};{told.transformer};{told.outage};{event}"
        f";{told.level};{utc_stamp(moment)};{utc_stamp(told.since)};{until};{told.customers}"
        f";{told.customers_out};{minutes};{told.parent or ''};{told.restored_by}\n"
    )
