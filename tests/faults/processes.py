"""The product's own commands beside a scenario; none survives its block."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

from hes.lib.processes import Launch, open_log, spawn

HES = (sys.executable, "-m", "hes.cli")
ROOT = Path(__file__).parents[2]


@contextmanager
def running(home: Path, name: str, *argv: str) -> Iterator[Popen[bytes]]:
    """A process until the end of the block, killed then; what it says is in `<home>/<name>.log`."""
    environment = {**os.environ, "HES_SIMULATOR_ORDER_TAG": "1", "PYTHONPATH": str(ROOT)}
    with open_log(home / f"{name}.log") as log:
        process = spawn(Launch(argv, environment, None, signal.SIGKILL), log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def nested(blocks: Sequence[AbstractContextManager[object]], act: Callable[[], None]) -> None:
    """Act while all these processes run."""
    with ExitStack() as stack:
        for block in blocks:
            stack.enter_context(block)
        act()
