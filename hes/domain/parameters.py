"""Settings an operator may change per company: name, type, default, meaning. One home for all.

Values marked assumed are our choice; the documents name only the reachability maximum (001 2.2).
"""

import re
from dataclasses import dataclass

from hes.domain.catalogue import rows

Value = int | bool | str


_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"
_KINDS = "|".join(row["kind"] for row in rows("export_layouts"))
_PACKED = f"({_KINDS})=[0-9]{{1,5}}(:(csv|json))?"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed setting; the type is that of the default."""

    name: str
    default: Value
    unit: str
    meaning: str
    pattern: str = ""  # what a text must look like

    def parse(self, text: str) -> Value:
        """The value written as text; raises ValueError where it does not fit the type."""
        if isinstance(self.default, bool):
            if text not in ("true", "false"):
                raise ValueError(f"{self.name}: write true or false, not {text!r}")
            return text == "true"
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise ValueError(f"{self.name}: {text!r} does not fit {self.pattern}")
        return int(text) if isinstance(self.default, int) else text


PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter("max_missed_contacts", 40, "contacts", "nrn above this: not reachable (001 2.2)"),
        Parameter("ledger_days", 40, "days", "older samples are refused and counted as too old"),
        Parameter("slot_attempts", 3, "visits", "tries of one due collection (assumed)"),
        Parameter("retry_base", 60, "s", "first back-off after a failed visit (assumed)"),
        Parameter("retry_cap", 3600, "s", "longest back-off (assumed)"),
        Parameter("breaker_failures", 5, "visits", "failures in a row: breaker opens"),
        Parameter("clock_tolerance", 2, "s", "smaller drift is left (profile 3.1)"),
        Parameter("clock_step_limit", 900, "s", "larger steps need an order (design 7)"),
        Parameter("host_clock_limit", 2, "s", "worker against database: no clock set"),
        Parameter("export_max_bytes", 268_435_456, "bytes", "a daily file is cut beyond this"),
        Parameter(
            "file_suffix",
            "",
            "",
            "fixed suffix of daily files instead of the size count",
            pattern="[A-Za-z0-9-]{0,20}",  # it becomes part of a path
        ),
        Parameter(
            "gzip_after_days", 7, "days", "sealed daily files are gzipped; 0: never (assumed)"
        ),
        Parameter("keep_file_days", 0, "days", "sealed daily files are removed; 0: never"),
        Parameter(
            "hub_names",
            "",
            "",
            "names of the hubs, with {kind}; empty: hes-{kind}, or hes-<company>-{kind}",
            pattern=r"([a-z0-9][a-z0-9._-]{0,40}\{kind\}[a-z0-9._-]{0,40})?",
        ),
        Parameter(
            "hub_packing",
            "",
            "",
            "lines per message and form by kind, as S=500:csv,HPE=1:json; 0 lines: by size alone",
            pattern=f"({_PACKED}(,{_PACKED})*)?",
        ),
        Parameter(
            "severity_in_lines", False, "", "print the kind's severity in place of 0 (design 8)"
        ),
        Parameter(
            "commissioning_lines", True, "", "LPE lines for life cycle steps (assumed codes)"
        ),
        Parameter(
            "alarms_off",
            "",
            "",
            "meter alarms that make no SWE line: names of codes/meter_alarms.csv, by commas",
            pattern="([A-Z0-9_]+(,[A-Z0-9_]+)*)?",
        ),
        Parameter(
            "concentrator_events_as_meter",
            False,
            "",
            "write 3.1.0.85/.49 for concentrators instead of the assumed 10.1.0.85/.49",
        ),
        Parameter(
            "listener_address",
            "",
            "",
            "IPv4 address that concentrators report to in place of the system's",
            pattern=r"([0-9]{1,3}(\.[0-9]{1,3}){3})?",
        ),
        Parameter(
            "ntp_server",
            "",
            "",
            "time server of concentrators; empty: left as they are (assumed)",
            pattern="([A-Za-z0-9][A-Za-z0-9.:-]{0,99})?",
        ),
        Parameter("ntp_port", 123, "", "port of the time server"),
        Parameter("ntp_authentication", 0, "", "0 none, 1 shared secrets, 2 IFF (class 100)"),
        Parameter(
            "password_commissioning",
            False,
            "",
            "a concentrator that refuses its keys may be opened by its MAA password, sent in clear,"
            " for mutual authentication alone",
        ),
        Parameter(
            "associate_automatically", True, "", "meters go under the concentrator that found them"
        ),
        Parameter(
            "recruit_automatically", True, "", "associated meters are recruited without an order"
        ),
        Parameter("recruit_check", 900, "s", "between two looks at a recruitment (assumed)"),
        Parameter("order_max_items", 10_000, "orders", "more in one request: 3.1 (assumed)"),
        Parameter("order_max_pending", 1_000_000, "orders", "more waiting: 3.2 (assumed)"),
        Parameter("order_expiry_hours", 24, "h", "life of an order that names no end"),
        Parameter("order_mass_limit", 10, "orders", "more disconnections at once are held"),
        Parameter("order_approval_hours", 4, "h", "an approval is worth so long"),
        Parameter("order_attempts", 3, "visits", "tries of one order, nothing sent (assumed)"),
        Parameter("order_read_back", 60, "s", "first back-off of a silent read (assumed)"),
        Parameter(
            "order_window",
            "",
            "",
            "week days (1 Monday) and local hours of disconnections, as 12345 08:00-16:00",
            pattern=f"([1-7]{{1,7}} {_HOUR}-{_HOUR})?",
        ),
        Parameter("cap_user_hour", 30, "orders", "disconnections and reductions of one user"),
        Parameter("cap_user_day", 200, "orders", "the same in a day"),
        Parameter("cap_company_hour", 1000, "ppm", "of commissioned meters in an hour"),
        Parameter("cap_company_day", 5000, "ppm", "of commissioned meters in a day"),
        Parameter("cap_company_hour_floor", 10, "orders", "a small fleet's cap (assumed)"),
        Parameter("cap_company_day_floor", 50, "orders", "a small fleet's cap (assumed)"),
        Parameter("cap_absolute_hour", 500, "orders", "of a company, also when approved"),
        Parameter("cap_concentrator_hour", 10, "%", "of the concentrator's meters in an hour"),
        Parameter("cap_concentrator_floor", 3, "orders", "of a small concentrator (assumed)"),
        Parameter("pace_concentrator", 5, "%", "of meters reconnected a minute; 0: all (proposed)"),
        Parameter("pace_floor", 3, "orders", "of a small concentrator a minute (assumed)"),
        Parameter("credit_limit", 500_000, "Wh", "a larger credit is held; 0: none (assumed)"),
        Parameter("cap_credit_user_hour", 100, "orders", "credits of one user; 0: none (assumed)"),
        Parameter("clock_alarm_orders", False, "", "alarm ORD orders a meter synchronisation"),
        Parameter("clock_alarm_pause", 6, "h", "then not again so long, doubling (assumed)"),
        Parameter("clock_alarm_pause_cap", 168, "h", "longest such pause (assumed)"),
        Parameter("outage_momentary", 60, "s", "shorter is momentary and no outage (issue 5.4)"),
        Parameter("outage_return_delay", 150, "s", "until a return is heard (002: 139 s; assumed)"),
        Parameter("outage_window", 300, "s", "losses so near are one incident (assumed)"),
        Parameter("outage_share", 50, "%", "of a transformer's meters dark: it is out (assumed)"),
        Parameter("outage_close_share", 10, "%", "fewer still dark: it is back (assumed)"),
        Parameter("outage_suspect_share", 20, "%", "dark: bellwethers are asked (assumed)"),
        Parameter("outage_transformers", 2, "", "out together: their substation is (assumed)"),
        Parameter("outage_substation_share", 50, "%", "and such a share of them (assumed)"),
        Parameter("outage_details_after", 60, "s", "one customer's outage waits so (assumed)"),
        Parameter("storm_rate", 500, "a minute", "more losses of power: a storm (assumed)"),
        Parameter("outage_checks", 3, "meters", "bellwethers asked at once; 0: none (assumed)"),
        Parameter("outage_check_pause", 300, "s", "then not again so long, doubling (assumed)"),
        Parameter("outage_check_pause_cap", 7200, "s", "longest such pause (assumed)"),
        Parameter("outage_check_storm_cap", 30, "orders", "open at once in a storm (assumed)"),
        Parameter("freeze_factor", 5, "", "times the usual rate of this hour: frozen; 0: never"),
    )
}
