"""Who did what (design D17)."""

from django.contrib.postgres.fields import BigIntegerRangeField
from django.db import models


class AuditRow(models.Model):
    """One act, or one that was refused. Written by `devices.audit` alone, never changed.

    Unchained: a sealer chains the rows in the order `(xid, id)`. A bulk act is one row with `count`
    and `hash` of its list.
    """

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    company_id = models.BigIntegerField(null=True, help_text="null: of all, or of none we know")
    who = models.CharField(max_length=150, help_text="a person, a client or a rule")
    act = models.CharField(max_length=40, help_text="for example order.submit")
    is_refused = models.BooleanField()
    target = models.CharField(max_length=100)
    code = models.CharField(max_length=10, help_text="codes/reply_error_codes.csv")
    text = models.CharField(max_length=400)
    orders = BigIntegerRangeField(  # type: ignore[misc]  # the stubs know no nullable range
        null=True, help_text="holds the ids of all orders it was about"
    )
    count = models.IntegerField()
    hash = models.CharField(max_length=64, help_text="SHA-256 of what was asked, one per line")

    class Meta:
        db_table = "audit_row"
        managed = False

    def __str__(self) -> str:
        return f"{self.act} {self.target} by {self.who}"
