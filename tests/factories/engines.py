"""An engine at work in a thread of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workorders.engine import Engine


@contextmanager
def at_work(engine: Engine) -> Iterator[None]:
    """It runs for the time of the block, and has ended after it."""
    thread = threading.Thread(target=engine.run)
    thread.start()
    try:
        yield
    finally:
        engine.stop()
        thread.join(20)
        assert not thread.is_alive()
