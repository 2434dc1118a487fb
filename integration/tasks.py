"""Celery shells of the borders. A lost message costs seconds, never work (design D3)."""

from celery import shared_task

from integration.export import watch as export_watch


@shared_task(name="integration.tasks.watch")  # type: ignore[untyped-decorator]
def watch() -> None:
    """Raise and clear alarms, also when no exporter lives that would do it."""
    export_watch.look()
