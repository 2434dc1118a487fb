"""The concentrator's mailbox, its list of jobs and its spontaneous profile (profile 3.1, 3.4).

Everything but recruiting is done at once; a job number that is still listed is a success without a
second run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from devices.protocol import expect
from devices.protocol.axdr import U8, U16, U32, U64, Data, Enum, decode_all, encode
from devices.protocol.errors import DataAccess
from devices.simulator import upkeep
from devices.simulator.changes import NO_EFFECT, Outcome
from devices.simulator.holdings import ConcentratorHolding, EntryLine, Holdings, JobLine
from devices.simulator.key_holder import KeyHolder
from devices.simulator.local import LocalClock
from devices.simulator.membership import WRONG_KEY, Members
from devices.simulator.objects import DATA, ObjectTree
from devices.simulator.plc import PowerLine
from devices.simulator.population import Meter
from devices.simulator.state import NOBODY, Memory

ENTER, REMOVE, RECRUIT, RELEASE, METER_KEYS = 1, 2, 3, 4, 5
DISCOVER, SYNCHRONISE, PROBE, WAKE_UP = 6, 7, 8, 10
RUNNING, DONE, FAILED = 1, 2, 3
CURRENT, NEXT, DROP_OLD = 0, 1, 2
SILENT: Data = (False, bytes(4), U16(58_692), U16(60), False, False, U16(58_693))
"""The spontaneous profile of a concentrator as installed (ports as printed in 000)."""


class Mailbox:
    """Carries out the commands of one concentrator. `reached` finds meters that answer."""

    def __init__(
        self,
        serial: str,
        holdings: Holdings,
        memory: Memory,
        members: Members,
        reached: Callable[[bytes], Meter | None],
        power_line: PowerLine,
        now: Callable[[], float],
        keys: KeyHolder,
    ) -> None:
        self._keys = keys
        self._held: ConcentratorHolding = holdings.concentrator(serial)
        self._holdings = holdings
        self._memory = memory
        self._members = members
        self._reached = reached
        self._power_line = power_line
        self._now = now

    def install(self, tree: ObjectTree, local: LocalClock) -> None:
        """Mailbox, jobs, spontaneous profile, datagrams sent, time zone and time server."""
        for number, command in COMMANDS.items():
            tree.change(DATA, f"0.0.96.54.{number}", 2, partial(self._take, number, command))
        tree.value(DATA, "0.0.96.55.0", 2, lambda: self._jobs(local))
        tree.value(DATA, "0.0.96.58.0", 2, self._spontaneous)
        tree.change(DATA, "0.0.96.58.0", 2, self._set_spontaneous)
        tree.value(DATA, "0.0.96.58.1", 2, self._datagrams_sent)
        upkeep.install(tree, self._held, local.normal_deviation(int(self._now())))
        tree.value(DATA, "0.0.96.56.0", 2, self._mutual)
        tree.change(DATA, "0.0.96.56.0", 2, self._set_mutual)

    def _take(self, number: int, command: "Command", value: Data) -> Outcome:
        """st{job, MAC where the command is about a meter, its other parameters}."""
        job, *rest = expect.structure(value, "mailbox", 1 + command.has_meter + command.parameters)
        order, mac = expect.integer(job, "job"), b""
        if command.has_meter:
            mac = expect.octets(rest.pop(0), "MAC", len(NOBODY))
            if refusal := self._refusal(command, mac):
                return refusal
        if self._held.knows(order):
            return NO_EFFECT
        code = command.run(self, mac, *rest)
        state = FAILED if code else DONE
        ends = command.ends(self, mac)
        self._held.ran(JobLine(order, number, mac.hex(), state, code, ends))
        return DataAccess.SUCCESS

    def _refusal(self, command: "Command", mac: bytes) -> DataAccess | None:
        """Strangers, and meters without the entry that a command needs."""
        meter = self._members.known(mac)
        if meter is None:
            return command.stranger
        is_entered = self._members.standing(meter, int(self._now())).is_entered
        if command.needs_entry and not is_entered:
            return DataAccess.OBJECT_UNAVAILABLE
        return None

    def _jobs(self, local: LocalClock) -> list[Data]:
        """A job that has not ended yet is running."""
        now = self._now()
        return [_row(line, local, is_running=line.finished > now) for line in self._held.jobs]

    def at_once(self, _: bytes) -> int:
        """When most commands end."""
        return int(self._now())

    def recruitment_ends(self, mac: bytes) -> int:
        return self._held.recruits[mac.hex()].ends

    # --- commands: 0, or the acknowledgement that says why not ----------------------------------

    def enter(self, mac: bytes, serial: Data, phase: Data, row: Data, *settings: Data) -> int:
        """Row 0 lets the concentrator choose: the meter's place by its number."""
        meter = self._members.known(mac)
        expect.octets(serial, "serial")
        wanted = expect.integer(row, "row") or (meter.row if meter else 0)
        closure, profile, period, flags, measured = settings
        line = EntryLine(
            row=wanted,
            phase=expect.integer(phase, "phase"),
            closure=expect.integer(closure, "closure mask"),
            profile=expect.integer(profile, "profile mask"),
            period=expect.integer(period, "profile period"),
            flags=expect.integer(flags, "flags"),
            measurands=[_measurand(each) for each in expect.array(measured, "measurands")],
        )
        self._held.entries[mac.hex()] = line
        return 0

    def remove(self, mac: bytes) -> int:
        self._held.entries[mac.hex()] = None
        return 0

    def recruit(self, mac: bytes) -> int:
        meter = self._members.known(mac)
        return self._members.recruit(meter, self._now()).code if meter else 0

    def release(self, mac: bytes) -> int:
        self._held.released = sorted({*self._held.released, mac.hex()})
        return 0

    def discover(self, _: bytes) -> int:
        return 0

    def synchronise(self, mac: bytes) -> int:
        meter = self._reached(mac)
        if meter is None:
            return self._power_line.failure(self._members.known(mac))
        self._holdings.meter(meter).drift = self._memory.drift
        self._holdings.keep(mac.hex())
        return 0

    def probe(self, mac: bytes) -> int:
        is_reached = self._reached(mac) is not None
        return 0 if is_reached else self._power_line.failure(self._members.known(mac))

    def wake_up(self, _: bytes) -> int:
        self._held.wake_ups += 1
        self._held.is_woken = True
        return 0

    def meter_keys(self, mac: bytes, mode: Data, *wrapped: Data) -> int:
        """The pair it opens a meter with, last the one it tries first."""
        use, known = expect.integer(mode, "mode"), self._held.meter_keys.get(mac.hex(), [])
        if use == DROP_OLD:
            self._held.meter_keys[mac.hex()] = known[-1:]
            return 0
        pair = [opened.hex() for each in wrapped if (opened := self._keys.unwrapped(each))]
        if len(pair) != len(wrapped):
            return WRONG_KEY
        self._held.meter_keys[mac.hex()] = [*(known[:1] if use == NEXT else []), pair]
        return 0

    # --- mutual authentication ------------------------------------------------------------------

    def _mutual(self) -> Data:
        """The secret is never told."""
        return self._held.is_mutual, self._held.user.encode(), b""

    def _set_mutual(self, value: Data) -> DataAccess:
        is_on, user, secret = expect.structure(value, "mutual authentication", 3)
        if self._keys.unwrapped(secret) is None:
            return DataAccess.READ_WRITE_DENIED
        self._held.is_mutual = expect.boolean(is_on, "enabled")
        self._held.user = expect.octets(user, "user").decode("ascii", "replace")
        return DataAccess.SUCCESS

    # --- spontaneous profile --------------------------------------------------------------------

    def _spontaneous(self) -> Data:
        kept = self._held.spontaneous
        return decode_all(bytes.fromhex(kept)) if kept else SILENT

    def _datagrams_sent(self) -> Data:
        return U32(self._held.wake_ups), U32(self._held.gasps)

    def _set_spontaneous(self, value: Data) -> DataAccess:
        wake_up, address, *numbers = expect.structure(value, "spontaneous profile", 7)
        port, period, gasp, meter_gasp, gasp_port = numbers
        for flag in (wake_up, gasp, meter_gasp):
            expect.boolean(flag, "switch")
        for number in (port, period, gasp_port):
            expect.integer(number, "port or period")
        expect.octets(address, "address", 4)
        self._held.spontaneous = encode(value).hex()
        return DataAccess.SUCCESS


def _measurand(value: Data) -> list[int]:
    parts = expect.structure(value, "measurand", 3)
    return [expect.integer(part, "measurand") for part in parts]


def _row(line: JobLine, local: LocalClock, *, is_running: bool) -> Data:
    mac = bytes.fromhex(line.mac) or NOBODY
    numbers = (Enum(RUNNING), U8(0)) if is_running else (Enum(line.state), U8(line.code))
    return U64(line.job), U8(line.command), mac, *numbers, local.stamp(line.finished)


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the mailbox: what it takes besides the job, what carries it out, and when
    that ends (UTC epoch seconds). `stranger` answers for a MAC that nobody has seen."""

    run: Callable[..., int]
    has_meter: bool = False
    parameters: int = 0
    needs_entry: bool = False
    stranger: DataAccess = DataAccess.OBJECT_UNAVAILABLE
    ends: Callable[[Mailbox, bytes], int] = Mailbox.at_once


COMMANDS = {
    ENTER: Command(
        Mailbox.enter, has_meter=True, parameters=8, stranger=DataAccess.READ_WRITE_DENIED
    ),
    REMOVE: Command(Mailbox.remove, has_meter=True),
    RECRUIT: Command(
        Mailbox.recruit, has_meter=True, needs_entry=True, ends=Mailbox.recruitment_ends
    ),
    RELEASE: Command(Mailbox.release, has_meter=True),
    METER_KEYS: Command(Mailbox.meter_keys, has_meter=True, parameters=3),
    DISCOVER: Command(Mailbox.discover),
    SYNCHRONISE: Command(Mailbox.synchronise, has_meter=True),
    PROBE: Command(Mailbox.probe, has_meter=True),
    WAKE_UP: Command(Mailbox.wake_up),
}
