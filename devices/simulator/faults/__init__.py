"""What can be wrong with a device: one class per fault, by name in a script.

A script is a JSON object: concentrator serial -> {fault name: amount or null}. null means the
fault's own default amount. A fault of changes may have [amount, times].
"""

import json
from pathlib import Path

from devices.simulator.device import Fault
from devices.simulator.faults.bends import (
    BadStatus,
    ClockDrift,
    DuplicateMeter,
    DuplicateRows,
    Gaps,
    Refuse,
    ReplayedCounter,
    SilentNode,
    WrongKey,
    WrongSerial,
)
from devices.simulator.faults.changes import (
    DropChange,
    LateAnswer,
    LoseAnswer,
    OnChanges,
    RefuseAndExecute,
    RefuseChange,
    SilentAfter,
    SilentBefore,
)
from devices.simulator.faults.images import CorruptBlock, LostBlock, RestartInTransfer
from devices.simulator.faults.wire import (
    Drip,
    Flood,
    Hang,
    Oversize,
    ResetInBlock,
    Truncated,
    WrongTag,
)

FAULTS: dict[str, type[Fault]] = {
    "refuse": Refuse, "hang": Hang, "drip": Drip, "flood": Flood, "reset_in_block": ResetInBlock,
    "truncated": Truncated, "oversize": Oversize, "wrong_tag": WrongTag, "wrong_key": WrongKey,
    "replayed_counter": ReplayedCounter, "silent_node": SilentNode, "clock_drift": ClockDrift,
    "wrong_serial": WrongSerial, "gaps": Gaps, "bad_status": BadStatus,
    "duplicate_rows": DuplicateRows, "duplicate_meter": DuplicateMeter,
    "drop_change": DropChange, "lose_answer": LoseAnswer, "late_answer": LateAnswer,
    "refuse_change": RefuseChange, "refuse_and_execute": RefuseAndExecute,
    "silent_before": SilentBefore, "silent_after": SilentAfter,
    "lost_block": LostBlock, "corrupt_block": CorruptBlock,
    "restart_in_transfer": RestartInTransfer,
}  # fmt: skip


class BadScript(Exception):
    """A script of faults that cannot be followed; says where and what to write."""


def read_script(path: Path) -> dict[str, list[Fault]]:
    """The faults of a script file by concentrator serial; raises BadScript."""
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
        return {
            serial: [_fault(name, amount) for name, amount in faults.items()]
            for serial, faults in script.items()
        }
    except (OSError, ValueError, AttributeError) as error:
        raise BadScript(f"{path}: {error} - write {{serial: {{fault: amount or null}}}}") from error


def _fault(name: str, amount: float | list[float] | None) -> Fault:
    if name not in FAULTS:
        raise BadScript(f"no fault is called {name!r}; there are {', '.join(sorted(FAULTS))}")
    kind = FAULTS[name]
    if amount is None:
        return kind()
    if isinstance(amount, list) and issubclass(kind, OnChanges) and len(amount) == 2:
        fault = kind(_number(name, amount[0]))
        fault.times = _number(name, amount[1])
        return fault
    return kind(_number(name, amount))


def _number(name: str, amount: object) -> float:
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise BadScript(f"{name}: {amount!r} is no number - write a number or null")
    return amount


__all__ = [
    "FAULTS", "BadScript", "BadStatus", "ClockDrift", "CorruptBlock", "Drip", "DropChange",
    "DuplicateMeter", "DuplicateRows", "Flood", "Gaps", "Hang", "LateAnswer", "LoseAnswer",
    "LostBlock", "Oversize", "Refuse", "RefuseAndExecute", "RefuseChange", "ReplayedCounter",
    "ResetInBlock", "RestartInTransfer", "SilentAfter", "SilentBefore", "SilentNode", "Truncated",
    "WrongKey", "WrongSerial", "WrongTag", "read_script",
]  # fmt: skip
