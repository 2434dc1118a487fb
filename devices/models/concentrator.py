"""Concentrators: identity, site, endpoint, states. What changes at every visit stands apart."""

from django.db import models
from django.db.models.functions import Replace

from devices.choices import ConcentratorState, UpdateState
from devices.models.network import (
    CommunicationModule,
    EthernetModule,
    SimCard,
    Substation,
    Transformer,
)
from devices.models.organisation import Company
from devices.models.profiles import ProcedureProfile, SpontaneousProfile

COSEM_PORT = 4059


class Concentrator(models.Model):
    """A data concentrator (LVC): talks to the meters of its substation over PLC."""

    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=100, blank=True, help_text="given at installation: TD-1000")
    serial_number = models.CharField(max_length=32, unique=True)
    lv_address = models.BinaryField(max_length=6, help_text="adlvc")
    ppp_username = models.CharField(max_length=64, blank=True)
    maa_username = models.CharField(max_length=64, blank=True)
    software_version = models.CharField(max_length=40, blank=True)
    software_number = models.PositiveSmallIntegerField(null=True, help_text="Versionsw Int")
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(default=COSEM_PORT)
    driver = models.CharField(max_length=20, default="cosem")
    system_title = models.BinaryField(max_length=8, null=True)
    substation = models.ForeignKey(Substation, models.PROTECT, null=True)
    transformer = models.ForeignKey(Transformer, models.PROTECT, null=True)
    module = models.ForeignKey(CommunicationModule, models.PROTECT, null=True)
    sim_card = models.ForeignKey(SimCard, models.PROTECT, null=True)
    ethernet = models.ForeignKey(EthernetModule, models.PROTECT, null=True)
    procedure_profile = models.ForeignKey(ProcedureProfile, models.PROTECT, null=True)
    spontaneous_profile = models.ForeignKey(SpontaneousProfile, models.PROTECT, null=True)
    state = models.CharField(
        max_length=20, choices=ConcentratorState, default=ConcentratorState.PROVISIONED
    )
    ordered_summer_times = models.JSONField(
        null=True, help_text="[begin, end] in UTC epoch seconds, of an order; null: its zone's"
    )
    scheduled_from = models.DateTimeField(null=True, help_text="no slot is due before this")
    stop_activity = models.BooleanField(default=False)
    stopped_by = models.CharField(max_length=150, blank=True)
    stopped_at = models.DateTimeField(null=True)
    stop_reason = models.CharField(max_length=200, blank=True)
    software_update_state = models.CharField(
        max_length=20, choices=UpdateState, default=UpdateState.NONE, blank=True
    )
    tag = models.CharField(max_length=100, blank=True)
    inserted_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "concentrator"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name"],
                condition=~models.Q(name=""),
                name="concentrator_named_once",
            ),
            models.UniqueConstraint(
                fields=["host", "port"],
                condition=~models.Q(host=""),
                name="concentrator_endpoint_once",
            ),
        ]
        indexes = [
            models.Index(  # datagrams carry serials with one zero less (listeners.serials)
                Replace("serial_number", models.Value("0"), models.Value("")),
                name="concentrator_without_zeros",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.serial_number


class ConcentratorStatus(models.Model):
    """What the last visits said of a concentrator; no index on anything that changes (D9)."""

    concentrator = models.OneToOneField(Concentrator, models.CASCADE, primary_key=True)
    missed_contacts = models.PositiveIntegerField("nrn", default=0, db_default=0)
    is_reachable = models.BooleanField(default=True, db_default=True)
    flipped = models.SmallIntegerField(
        default=0, db_default=0, help_text="what the last update did: 1 came back, -1 was lost"
    )
    last_contact = models.DateTimeField(null=True)
    status_word = models.BinaryField(max_length=3, null=True)
    status_word_at = models.DateTimeField(null=True)
    clock_drift = models.FloatField(null=True, help_text="seconds ahead of us, last reading")
    clock_read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "concentrator_status"

    def __str__(self) -> str:
        return f"{self.concentrator_id}"


class CollectionCycle(models.Model):
    """The last cycle of a table that is recorded, per reader of the table (profile 3.2)."""

    concentrator = models.ForeignKey(Concentrator, models.CASCADE)
    reader = models.CharField(max_length=60, help_text="activity, or its reading of a shared table")
    cycle = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "collection_cycle"
        constraints = [
            models.UniqueConstraint(fields=["concentrator", "reader"], name="cycle_once_per_reader")
        ]

    def __str__(self) -> str:
        return f"{self.reader}:{self.cycle}"


class DiscoveredNode(models.Model):
    """A row of a concentrator's node list as last read; conflicts are listed, never resolved."""

    concentrator = models.ForeignKey(Concentrator, models.CASCADE)
    mac_address = models.BinaryField(max_length=6)
    serial_number = models.CharField(max_length=32, blank=True)
    app_version = models.CharField(max_length=8, blank=True)
    phase = models.PositiveSmallIntegerField(default=0)
    row = models.PositiveIntegerField(default=0)
    quality = models.PositiveSmallIntegerField(default=0)
    discovered_at = models.DateTimeField(null=True)
    last_contact = models.DateTimeField(null=True)
    state = models.PositiveSmallIntegerField(default=0)
    owner_serial = models.CharField(max_length=32, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        db_table = "discovered_node"
        constraints = [
            models.UniqueConstraint(fields=["concentrator", "mac_address"], name="node_once")
        ]
        indexes = [models.Index(fields=["mac_address"], name="node_by_mac")]

    def __str__(self) -> str:
        return bytes(self.mac_address).hex().upper()


class AutodiscoveryConflict(models.Model):
    """A meter that more than one concentrator claims, or that is unknown (001 2)."""

    concentrator = models.ForeignKey(Concentrator, models.CASCADE, related_name="conflicts")
    associated_concentrator = models.ForeignKey(
        Concentrator, models.CASCADE, null=True, related_name="+"
    )
    mac_address = models.BinaryField(max_length=6)
    meter = models.ForeignKey("devices.Meter", models.CASCADE, null=True)
    description = models.CharField(max_length=120)
    quality = models.PositiveSmallIntegerField()
    discovered_at = models.DateTimeField(null=True)
    inserted_at = models.DateTimeField()

    class Meta:
        db_table = "autodiscovery_conflict"
        constraints = [
            models.UniqueConstraint(
                fields=["concentrator", "mac_address"], name="conflict_once_per_meter"
            )
        ]

    def __str__(self) -> str:
        return self.description


class RepeaterRow(models.Model):
    """The path by which a concentrator reaches a meter, as last read."""

    concentrator = models.ForeignKey(Concentrator, models.CASCADE)
    mac_address = models.BinaryField(max_length=6)
    row = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    repeater_1 = models.BinaryField(max_length=6, null=True)
    repeater_2 = models.BinaryField(max_length=6, null=True)
    repeater_3 = models.BinaryField(max_length=6, null=True)
    quality = models.PositiveSmallIntegerField()
    updated_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField()

    class Meta:
        db_table = "repeater_row"
        constraints = [
            models.UniqueConstraint(fields=["concentrator", "mac_address"], name="repeater_once")
        ]

    def __str__(self) -> str:
        return bytes(self.mac_address).hex().upper()
