"""What devices last said, one narrow row per device (design D9): written set-wise, never by ORM."""

from django.db import models

from devices.models.meter import Meter


class MeterStatistics(models.Model):
    """Reachability and the newest instant of each kind of data.

    Keys and concentrator only, fillfactor 45, no index on a changing column: every update is HOT.
    """

    meter = models.OneToOneField(Meter, models.CASCADE, primary_key=True)
    concentrator_id = models.BigIntegerField(null=True)
    missed_contacts = models.PositiveIntegerField("nrn", default=0, db_default=0)
    is_reachable = models.BooleanField(default=True, db_default=True)
    flipped = models.SmallIntegerField(
        default=0, db_default=0, help_text="what the last update did: 1 came back, -1 was lost"
    )
    last_contact = models.DateTimeField(null=True)
    last_dc_02 = models.DateTimeField(null=True)
    last_dc_04 = models.DateTimeField(null=True)
    last_dc_08 = models.DateTimeField(null=True)
    last_dc_10 = models.DateTimeField(null=True)
    last_lp_02 = models.DateTimeField(null=True)
    last_lp_04 = models.DateTimeField(null=True)
    last_lp_08 = models.DateTimeField(null=True)
    last_lp_10 = models.DateTimeField(null=True)
    last_lp_20 = models.DateTimeField(null=True)
    last_lp_40 = models.DateTimeField(null=True)
    last_measurand = models.DateTimeField(null=True)
    last_current_data = models.DateTimeField(null=True)

    class Meta:
        db_table = "meter_statistics"

    def __str__(self) -> str:
        return f"{self.meter_id}"


class LastReading(models.Model):
    """Last current registers of active import, Wh, and last prepaid credit (001 2.1.2)."""

    meter = models.OneToOneField(Meter, models.CASCADE, primary_key=True)
    at = models.DateTimeField()
    total = models.BigIntegerField()
    t1 = models.BigIntegerField()
    t2 = models.BigIntegerField()
    t3 = models.BigIntegerField()
    t4 = models.BigIntegerField()
    t5 = models.BigIntegerField()
    t6 = models.BigIntegerField()
    credit = models.BigIntegerField(null=True, help_text="Wh")
    currency_credit = models.BigIntegerField(null=True, help_text="hundredths")
    last_transaction = models.BigIntegerField(null=True)
    flags = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "last_reading"

    def __str__(self) -> str:
        return f"{self.meter_id}"


class LastInterruption(models.Model):
    """Last interruption counters of a meter and phase, names as printed (001 2.1.6)."""

    meter = models.ForeignKey(Meter, models.CASCADE)
    phase = models.PositiveSmallIntegerField()
    previous_period = models.BooleanField()
    at = models.DateTimeField()
    thvi = models.IntegerField()
    tsi = models.IntegerField()
    tli = models.IntegerField()
    nshv = models.IntegerField()
    nav = models.IntegerField()
    nlov = models.IntegerField()
    tshv = models.BigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "last_interruption"
        constraints = [
            models.UniqueConstraint(
                fields=["meter", "phase", "previous_period"], name="interruption_once_per_phase"
            )
        ]

    def __str__(self) -> str:
        return f"{self.meter_id}/{self.phase}"


class LastAlarmWord(models.Model):
    """The last meter status word: edges against it make SWE lines (design 7)."""

    meter = models.OneToOneField(Meter, models.CASCADE, primary_key=True)
    word = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(
        default=0, db_default=0, help_text="bits that the last update changed"
    )
    at = models.DateTimeField()

    class Meta:
        db_table = "last_alarm_word"

    def __str__(self) -> str:
        return f"{self.meter_id}: {self.word:08X}"
