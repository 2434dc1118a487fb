"""Celery shells of the listeners. A lost message costs seconds, never work (design D3)."""

from celery import shared_task

from listeners import counts, silence


@shared_task(name="listeners.tasks.watch")  # type: ignore[untyped-decorator]
def watch() -> None:
    """Notice listeners that are gone, also when none lives that would; let old alarms fall."""
    silence.look()
    counts.look()
