from django.apps import AppConfig


class HesConfig(AppConfig):
    """The project package itself: its management commands and checks."""

    name = "hes"
    default_auto_field = "django.db.models.BigAutoField"
