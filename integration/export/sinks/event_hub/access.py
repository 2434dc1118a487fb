"""How the hubs are reached, from the settings; never shown with its secrets."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azure.eventhub import TransportType
from azure.eventhub.aio import EventHubConsumerClient, EventHubProducerClient
from django.conf import settings

if TYPE_CHECKING:
    from azure.identity.aio import DefaultAzureCredential

KEEP_ALIVE = 30  # seconds; without it the service cuts an idle producer
EMULATOR = "UseDevelopmentEmulator=true"  # the SDK reads it in this spelling only


@dataclass(frozen=True, slots=True)
class Access:
    """A connection string, or a namespace that is entered by managed identity.

    `endpoint` (`sb://host:port`) is dialled in place of the named host, `ca_file` holds the
    authorities that sign its certificate, `is_emulator` means plain TCP.
    """

    connection_string: str = field(default="", repr=False)
    namespace: str = ""
    endpoint: str = ""
    ca_file: str = ""
    is_emulator: bool = False

    @classmethod
    def from_settings(cls) -> "Access":
        """As the environment says; see `is_configured`."""
        return cls(
            connection_string=settings.EVENT_HUB_CONNECTION_STRING,
            namespace=settings.EVENT_HUB_NAMESPACE,
            endpoint=settings.EVENT_HUB_ENDPOINT,
            ca_file=settings.EVENT_HUB_CA_FILE,
            is_emulator=settings.EVENT_HUB_EMULATOR,
        )

    @property
    def is_configured(self) -> bool:
        """Whether there is anything to reach."""
        return bool(self.connection_string or self.namespace)

    def credential(self) -> "DefaultAzureCredential | None":
        """The identity of this host, if one is needed; to be closed by the caller."""
        if self.connection_string:
            return None
        from azure.identity.aio import DefaultAzureCredential  # costs 0.3 s and is seldom needed

        return DefaultAzureCredential()

    def producer(self, hub: str, credential: Any) -> EventHubProducerClient:
        """A client that opens nothing yet, and gives up at the first failure: back-off is ours.

        Raises ValueError for a connection string that is none.
        """
        options = self._options(hub) | {"retry_total": 0, "keep_alive": KEEP_ALIVE}
        if self.connection_string:
            return EventHubProducerClient.from_connection_string(self._string(), **options)
        return EventHubProducerClient(self.namespace, credential=credential, **options)

    def consumer(self, hub: str, group: str = "$Default") -> EventHubConsumerClient:
        """A subscriber's client. Raises ValueError for a connection string that is none."""
        options = self._options(hub) | {"consumer_group": group}
        if self.connection_string:
            return EventHubConsumerClient.from_connection_string(self._string(), **options)
        options["credential"] = self.credential()
        return EventHubConsumerClient(self.namespace, **options)

    def _options(self, hub: str) -> dict[str, Any]:
        return {
            "eventhub_name": hub,
            "transport_type": TransportType.Amqp,  # an endpoint alone would mean WebSockets
            "custom_endpoint_address": self.endpoint or None,
            "connection_verify": self.ca_file or None,
        }

    def _string(self) -> str:
        if not self.is_emulator or EMULATOR in self.connection_string:
            return self.connection_string
        return f"{self.connection_string.rstrip(';')};{EMULATOR}"
