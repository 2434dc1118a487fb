"""Which company a person or program acts for, and the tokens programs sign in with."""

from django.conf import settings
from django.db import models

from devices.models.organisation import Company


class Membership(models.Model):
    """A user acts for one company; roles come with the portal. A superuser needs none."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    company = models.ForeignKey(Company, models.CASCADE)

    class Meta:
        db_table = "membership"

    def __str__(self) -> str:
        return f"{self.user_id} of {self.company_id}"


class ApiToken(models.Model):
    """A token of a user: 256 random bits, of which only the hash rests here."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256")
    prefix = models.CharField(max_length=12, help_text="its first characters, to name it")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_token"

    def __str__(self) -> str:
        return f"{self.prefix}..."
