"""Device keys and counters at rest (design D16). No value of a key is ever shown."""

from django.db import models

from devices.choices import DataKeyPurpose, Holder, KeyState, SecretRole


class DataKey(models.Model):
    """A key that encrypts device secrets, itself wrapped by the master key of the KMS.

    The newest sealing key is the current one; the fingerprint key is one and stays.
    """

    purpose = models.CharField(max_length=20, choices=DataKeyPurpose, default=DataKeyPurpose.SEAL)
    wrapped = models.BinaryField()
    kms = models.CharField(max_length=60, help_text="which master key wrapped it")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "data_key"
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"],
                condition=models.Q(purpose=DataKeyPurpose.FINGERPRINT),
                name="one_fingerprint_key",
            )
        ]

    def __str__(self) -> str:
        return f"data key {self.pk}"


class DeviceSecret(models.Model):
    """One secret of one device: AES-256-GCM, bound to its row by associated data."""

    holder = models.CharField(max_length=20, choices=Holder)
    holder_id = models.BigIntegerField()
    role = models.CharField(max_length=20, choices=SecretRole)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=KeyState, default=KeyState.ACTIVE)
    origin = models.BigIntegerField(
        null=True, help_text="what it was made for: the order that made a set makes no second one"
    )
    data_key = models.ForeignKey(DataKey, models.PROTECT)
    ciphertext = models.BinaryField(help_text="nonce (12) and sealed value")
    pair_fingerprint = models.BinaryField(
        max_length=32, null=True, unique=True, help_text="keyed; refuses a key pair used twice"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "device_secret"
        constraints = [
            models.UniqueConstraint(
                fields=["holder", "holder_id", "role", "version"], name="secret_once_per_version"
            ),
            models.UniqueConstraint(
                fields=["holder", "holder_id", "role"],
                condition=models.Q(state=KeyState.ACTIVE),
                name="one_active_secret_per_role",
            ),
            models.UniqueConstraint(
                fields=["holder", "holder_id", "role"],
                condition=models.Q(state=KeyState.NEW),
                name="one_new_secret_per_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.holder_id} {self.role} v{self.version} {self.state}"


class InvocationCounter(models.Model):
    """Counters of GCM operations with one device under one key (companion profile 2).

    `next_free` only rises and is committed before a value is used; a crash skips, never reuses.
    """

    holder = models.CharField(max_length=20, choices=Holder)
    holder_id = models.BigIntegerField()
    version = models.PositiveIntegerField(help_text="version of the encryption key")
    next_free = models.BigIntegerField(default=0)
    server_last = models.BigIntegerField(default=-1, help_text="highest the device has used")

    class Meta:
        db_table = "invocation_counter"
        constraints = [
            models.UniqueConstraint(
                fields=["holder", "holder_id", "version"], name="counter_once_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.holder_id} v{self.version}"
