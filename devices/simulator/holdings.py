"""What orders have done to the simulated field: it outlives sessions and, in a file, the process.

The file is a journal: one JSON line per change, written before the change is answered; the newest
line of a device counts, counters add up. A start reads it, writes it anew in short, and goes on.
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from devices.simulator import nameplate
from devices.simulator.population import Meter

CONNECTED, DISCONNECTED = 1, 0
CONTRACT = {nameplate.MONO: 10_000, nameplate.POLY: 30_000, nameplate.SEMI_DIRECT: 100_000}
"""Contract power in W by meter model (*assumed*)."""
JOBS_AT_MOST = 64
FACTORY_PERIOD, FACTORY_DRIFT = 60, 90.0  # minutes; seconds
DAY = 86_400
REWRITTEN_AFTER = 20_000
OWN_ONLY = 0o600  # keys stand in it

Counts = dict[str, int]


@dataclass(slots=True)
class MeterHolding:
    """One meter. Powers in W, credit in Wh, octet-strings as hexadecimal text.

    `executions`: order tag -> what -> how often it was carried out (untagged changes under `0`);
    `charges`: transaction -> how often its amount was added to the credit; `counted`: last tag;
    `time_zone` None: that of its concentrator; `profile_period` 0: that of its entry (minutes);
    `is_new`: it came with its model's public keys; `keys`: key id -> what was handed over since.
    `pushes`: name of a push setup -> destination and method, hexadecimal A-XDR.
    """

    contract: int = 10_000
    normal: int = 10_000
    control: int = CONNECTED
    mode: int = 1
    warning: int = 0
    limit: int = 0
    credit: int = 0
    transaction: int = 0
    token: str = ""
    token_status: int = 0
    token_at: int = 0
    calendar: dict[str, str] = field(default_factory=dict)
    passive: dict[str, str] = field(default_factory=dict)
    tariff: int = 0  # as a script has set it; 0: by the time of day
    drift: float = 0.0
    summer: dict[str, str] = field(default_factory=dict)
    has_summer: bool = True
    time_zone: int | None = None
    profile_period: int = 0
    cleared_on: int = -1
    latched: int = 0
    executions: dict[str, Counts] = field(default_factory=dict)
    charges: Counts = field(default_factory=dict)
    counted: str = ""
    is_new: bool = False
    pushes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    firmware: str = nameplate.FIRMWARE

    @classmethod
    def of(cls, meter: Meter) -> "MeterHolding":
        """A meter as it was installed."""
        contract = CONTRACT[meter.serial[: nameplate.SIZE]]
        return cls(contract=contract, normal=contract)

    def count(self, tag: int, what: str) -> None:
        """One more execution."""
        self.counted = str(tag)
        done = self.executions.setdefault(self.counted, {})
        done[what] = done.get(what, 0) + 1

    def alarm_word(self, invented: int, at: int) -> int:
        """The word at an instant: what a test has latched, and the pure model's `invented` one
        unless an order cleared it that day."""
        return self.latched | (0 if self.cleared_on == at // DAY else invented)

    def newest(self) -> dict[str, Any]:
        """Everything but the counters that the last change left alone."""
        held = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, key in (("executions", self.counted), ("charges", str(self.transaction))):
            held[name] = {key: held[name][key]} if key in held[name] else {}
        return held

    def after(self, older: "MeterHolding") -> "MeterHolding":
        """This, with the counters that `older` knew besides."""
        self.executions = older.executions | self.executions
        self.charges = older.charges | self.charges
        return self


@dataclass(slots=True)
class JobLine:
    """One line of the list of jobs."""

    job: int
    command: int
    mac: str
    state: int
    code: int
    finished: int


@dataclass(slots=True)
class EntryLine:
    """A meter entry as written (companion profile 3.4, command 1): masks by channel, `flags`
    bit 0 CEData, 1 variation, 2 interruption, 3 events; measurands as [register, kind, period]."""

    row: int
    phase: int
    closure: int
    profile: int
    period: int
    flags: int
    measurands: list[list[int]]


@dataclass(slots=True)
class Recruitment:
    """The newest attempt to recruit a meter: which one, when it ends (UTC epoch seconds), how."""

    attempt: int
    ends: int
    code: int


@dataclass(slots=True)
class ConcentratorHolding:
    """One concentrator. `jobs` are the last 64; `runs`: job -> how often it was carried out;
    `written`: attribute -> its value as hexadecimal A-XDR, where an order has set it.

    `keys`: key id -> what was handed over to it; `is_mutual`, `user`: mutual authentication. By MAC
    in hexadecimal: `entries` that were written (None: deleted), `recruits`, `released`, and
    `meter_keys`: the pair it opens a meter with and, behind it, the one it tries first.
    """

    jobs: list[JobLine] = field(default_factory=list)
    runs: Counts = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    entries: dict[str, EntryLine | None] = field(default_factory=dict)
    recruits: dict[str, Recruitment] = field(default_factory=dict)
    spontaneous: str = ""
    wake_ups: int = 0
    gasps: int = 0
    is_woken: bool = False  # a wake-up was asked for and has not left yet
    written: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    meter_keys: dict[str, list[list[str]]] = field(default_factory=dict, repr=False)
    user: str = ""
    is_mutual: bool = False
    software: str = nameplate.SOFTWARE

    def __post_init__(self) -> None:
        """Made anew from the journal's JSON."""
        self.jobs = [each if isinstance(each, JobLine) else JobLine(**each) for each in self.jobs]
        for name, line in self.entries.items():
            self.entries[name] = EntryLine(**line) if isinstance(line, dict) else line
        for name, begun in self.recruits.items():
            self.recruits[name] = Recruitment(**begun) if isinstance(begun, dict) else begun

    def ran(self, line: JobLine) -> None:
        """List a job that was carried out just now."""
        self.jobs = [*self.jobs, line][-JOBS_AT_MOST:]
        self.runs[str(line.job)] = self.runs.get(str(line.job), 0) + 1

    def knows(self, job: int) -> bool:
        """It is among the jobs still listed."""
        return any(line.job == job for line in self.jobs)


class Holdings:
    """All devices by MAC (hexadecimal) or serial; those never changed are as installed."""

    def __init__(self, file: Path | None = None) -> None:
        self.meters: dict[str, MeterHolding] = {}
        self.concentrators: dict[str, ConcentratorHolding] = {}
        self._file = file
        self._written = 0
        self._journal = -1
        if file is not None:
            self._read(file)
            self._rewrite(file)

    @classmethod
    def read(cls, file: Path) -> "Holdings":
        """Those of a simulator that may be running; nothing is written."""
        found = cls()
        found._read(file)
        return found

    def meter(self, meter: Meter) -> MeterHolding:
        """What a meter holds."""
        return self.meters.setdefault(meter.mac.hex(), MeterHolding.of(meter))

    def arrive(self, meter: Meter) -> None:
        """A meter as it left the factory: its model's keys, hourly profile, UTC, a clock that is
        not quite right (*assumed*)."""
        held = MeterHolding.of(meter)
        held.is_new, held.profile_period = True, FACTORY_PERIOD
        held.time_zone, held.drift = 0, FACTORY_DRIFT
        self.meters.setdefault(meter.mac.hex(), held)

    def concentrator(self, serial: str) -> ConcentratorHolding:
        """What a concentrator holds."""
        return self.concentrators.setdefault(serial, ConcentratorHolding())

    def keep(self, name: str) -> None:
        """Write down what the device `name` holds now."""
        if self._file is None:
            return
        if self._written >= REWRITTEN_AFTER:
            self._rewrite(self._file)
        held = self.meters[name].newest() if name in self.meters else self._whole(name)
        os.write(self._journal, self._line(name, held))
        self._written += 1

    def close(self) -> None:
        """Close the journal."""
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1

    def _whole(self, name: str) -> dict[str, Any]:
        return asdict(self.meters.get(name) or self.concentrators[name])

    def _line(self, name: str, held: dict[str, Any]) -> bytes:
        return json.dumps([name, name in self.meters, held]).encode() + b"\n"

    def _read(self, file: Path) -> None:
        if not file.exists():
            return
        for line in file.read_bytes().split(b"\n")[:-1]:  # a line cut by a kill was not answered
            name, is_meter, held = json.loads(line)
            if is_meter:
                newer = MeterHolding(**held)
                self.meters[name] = newer.after(self.meters.get(name, newer))
            else:
                self.concentrators[name] = ConcentratorHolding(**held)

    def _rewrite(self, file: Path) -> None:
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        names = (*self.meters, *self.concentrators)
        draft.touch(OWN_ONLY)
        draft.write_bytes(b"".join(self._line(name, self._whole(name)) for name in names))
        draft.replace(file)
        self.close()
        self._journal = os.open(file, os.O_WRONLY | os.O_APPEND)
        self._written = 0
