"""Who owns devices: companies and their region trees."""

from zoneinfo import ZoneInfo

from django.db import models

from devices.zones import known_zone


class Company(models.Model):
    """A utility. Everything belongs to exactly one; nothing crosses companies (design 7)."""

    name = models.CharField(max_length=100, unique=True)
    code = models.SlugField(max_length=40, unique=True, help_text="export folder and hub name")
    time_zone = models.CharField(max_length=50, default="UTC", validators=[known_zone])
    currency = models.CharField(max_length=3, default="CLP")

    class Meta:
        db_table = "company"

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The company's civil time; a device's own zone goes before it."""
        return ZoneInfo(self.time_zone)


class Region(models.Model):
    """A node of the company's area tree (country, province, district ...)."""

    company = models.ForeignKey(Company, models.CASCADE)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True)
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "region"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "parent", "name"],
                name="region_named_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return self.name


class CompanySetting(models.Model):
    """A setting a company changed; names, types and defaults stand in `devices.parameters`."""

    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=200)

    class Meta:
        db_table = "company_setting"
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="setting_once_per_company")
        ]

    def __str__(self) -> str:
        return self.name
