"""A worker that freezes itself between SENDING and the first byte: wraps two calls of its own."""

import os
import random
import signal
import time
from typing import Any

from devices.drivers.cosem.meter import MeterSession
from workorders import orders


def install(after_begun: float, after_look: float) -> None:
    """Freeze at these shares of commands: once SENDING is committed, before our own clock is
    looked at again; and after that look, when nothing but the device's lock is left.
    """
    _begin, _perform = orders.begin_sending, MeterSession.perform

    def begin(*args: Any, **kwargs: Any) -> Any:
        begun = _begin(*args, **kwargs)
        if not isinstance(begun, orders.Stop):
            _freeze(after_begun)
        return begun

    async def perform(self: MeterSession, duty: Any, order: int | None = None) -> Any:
        if duty.changes:
            _freeze(after_look)
        return await _perform(self, duty, order)

    orders.begin_sending = begin
    MeterSession.perform = perform


def _freeze(share: float) -> None:
    if random.random() < share:  # noqa: S311 - a fault
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.05)  # another thread may have taken the signal: it stops us here
