"""The engine inside a Celery worker: started before its consumer, so no broker is needed for it."""

import logging
import os
import signal
import threading
from typing import Any

from celery import bootsteps

from workorders.engine import Engine

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 20.0


class EngineStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Runs the engine that was passed to the worker in a thread of its own."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, engine: Engine | None = None, **options: Any) -> None:
        super().__init__(worker, **options)
        self.enabled = engine is not None
        self._engine = engine
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self, worker: Any) -> None:
        """Called before the consumer tries to reach the broker."""
        self._thread.start()

    def stop(self, worker: Any) -> None:
        """Called on shutdown: the visits are cancelled and their lanes given back."""
        if self._engine is not None and self._thread.is_alive():
            self._engine.stop()
            self._thread.join(PATIENCE_SECONDS)

    def _run(self) -> None:
        """A worker without its engine is of no use: it ends, and is started again from outside."""
        try:
            if self._engine is not None:
                self._engine.run()
        except Exception:
            log.critical("the engine failed", exc_info=True)
            os.kill(os.getpid(), signal.SIGTERM)
