from importlib import import_module

from django.apps import AppConfig


class HesConfig(AppConfig):
    """The project package itself: its management commands, its checks, its Celery application."""

    name = "hes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our Celery application the default one: a task sent from any thread of any process
        goes to the broker of the settings, where Celery's own default would reach nobody.
        """
        import_module("hes.celery")
