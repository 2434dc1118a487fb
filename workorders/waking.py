"""Tells a worker of another process that orders came; without it they wait for its next look (1 s).

Best effort: a broker that is away costs the submitter half a second at most, and nothing is lost
(design D3).
"""

import logging

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

POKE = "workorders.tasks.poke"
PATIENCE_SECONDS = 0.5
EXPIRES_SECONDS = 5  # by then every engine has looked by itself
# The application's own connections try again for as long as a worker lives.
_ONE_TRY = {
    "max_retries": 0,
    "socket_connect_timeout": PATIENCE_SECONDS,
    "socket_timeout": PATIENCE_SECONDS,
}


def wake_after_commit() -> None:
    """Wake one worker for orders when the transaction stands; nothing if it is rolled back."""
    if settings.REDIS_URL:
        transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    try:
        with current_app.connection_for_write(transport_options=_ONE_TRY) as broker:
            current_app.send_task(POKE, queue="control", expires=EXPIRES_SECONDS, connection=broker)
    except OperationalError as error:
        log.info("no worker could be woken: %s", error)
