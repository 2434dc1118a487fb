"""Closed sets of the inventory. Stored values; labels are the operators' words."""

from django.db.models import IntegerChoices, TextChoices


class MeterState(TextChoices):
    PROVISIONED = "provisioned", "Provisioned"
    INSTALLED = "installed", "Installed"
    COMMISSIONED = "commissioned", "Commissioned"
    DECOMMISSIONED = "decommissioned", "Decommissioned"


class ProcessState(TextChoices):
    """The finer step a meter waits in; empty when nothing is open."""

    NONE = "", ""
    TO_ASSOCIATE = "to_associate", "To associate"
    TO_COMMISSION = "to_commission", "To commission"
    RECRUITING = "recruiting", "Recruiting"
    TO_VERIFY = "to_verify", "To verify"
    TO_CONFIGURE = "to_configure", "To configure"


class ConcentratorState(TextChoices):
    PROVISIONED = "provisioned", "Provisioned"
    INSTALLED = "installed", "Installed"
    INITIALISED = "initialised", "Initialised"
    REMOVED = "removed", "Removed"


class Phases(TextChoices):
    MONO = "mono", "Monophase"
    POLY = "poly", "Polyphase"


class Phase(IntegerChoices):
    UNKNOWN = 0, ""
    R = 1, "Phase R"
    S = 2, "Phase S"
    T = 3, "Phase T"
    ALL = 4, "All phases"


class DiscoverySource(TextChoices):
    AUTODISCOVERY = "autodiscovery", "Autodiscovery"
    MANUAL = "manual", "By hand"
    FILE = "file", "File"


class Activity(TextChoices):
    """Scheduled collections; values are the kinds of `codes/activity_types.csv`."""

    DAILY_CLOSURE = "daily_closure", "DailyClosure"
    LOAD_PROFILE = "load_profile", "LoadProfile"
    MEASURANDS = "measurands", "Measurands"
    CEDATA = "cedata", "CEData"
    AUTODISCOVERY = "autodiscovery", "Autodiscovery"
    REPEATER_TABLE = "repeater_table", "RepeaterTable"
    VOLTAGE_VARIATION = "voltage_variation", "VoltageVariation"
    VOLTAGE_INTERRUPTION = "voltage_interruption", "VoltageInterruption"


class ContractState(TextChoices):
    ACTIVE = "active", "active"
    CLOSE = "close", "close"


class Purpose(TextChoices):
    CLOSURE = "closure", "Daily closure"
    LOAD_PROFILE = "load_profile", "Load profile"


class Holder(TextChoices):
    """What a secret belongs to."""

    CONCENTRATOR = "concentrator", "Concentrator"
    METER = "meter", "Meter"
    MODEL = "model", "Meter model"


class SecretRole(TextChoices):
    ENCRYPTION = "encryption", "Encryption key (guek)"
    AUTHENTICATION = "authentication", "Authentication key (gak)"
    MASTER = "master", "Master key (KEK)"
    MAA_PASSWORD = "maa_password", "MAA password"
    PPP_PASSWORD = "ppp_password", "PPP password"


class KeyState(TextChoices):
    NEW = "new", "New"
    ACTIVE = "active", "Active"
    EXPIRED = "expired", "Expired"
    WITHDRAWN = "withdrawn", "Withdrawn"


class DataKeyPurpose(TextChoices):
    SEAL = "seal", "Seals secrets"
    FINGERPRINT = "fingerprint", "Fingerprints of key pairs"


class UpdateState(TextChoices):
    NONE = "", ""
    TRANSFERRING = "transferring", "Transferring"
    VERIFIED = "verified", "Verified"
    ACTIVATED = "activated", "Activated"
    FAILED = "failed", "Failed"
