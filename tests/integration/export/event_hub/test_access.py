"""How hubs are reached: a connection string, a namespace, an address of one's own."""

from dataclasses import replace

import pytest

from integration.export.drain import NotDrained
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.drain import drain_hubs
from integration.export.sinks.event_hub.service import HubService, NotConfigured
from tests.factories.eventhub import local_event_hub
from tests.integration.export.writers import lines, store

STRING = "Endpoint=sb://h.example/;SharedAccessKeyName=n;SharedAccessKey=c2VjcmV0"


def test_the_settings_describe_the_access(settings):
    settings.EVENT_HUB_CONNECTION_STRING = STRING
    settings.EVENT_HUB_NAMESPACE = ""
    settings.EVENT_HUB_ENDPOINT = "sb://proxy:5671"
    settings.EVENT_HUB_CA_FILE = "/ca.pem"
    settings.EVENT_HUB_EMULATOR = False
    access = Access.from_settings()
    assert access == Access(STRING, "", "sb://proxy:5671", "/ca.pem", False)
    assert access.is_configured
    assert "c2Vj" not in repr(access)


def test_without_an_address_the_service_says_what_to_set():
    assert not Access().is_configured
    with pytest.raises(NotConfigured, match="HES_EVENTHUB_CONNECTION_STRING"):
        HubService(None, Access()).run()


async def test_a_namespace_is_entered_by_the_identity_of_the_host():
    access = Access(namespace="h.example")
    credential = access.credential()
    producer = access.producer("hes-s", credential)
    assert type(credential).__name__ == "DefaultAzureCredential"
    assert (producer.eventhub_name, producer._address.hostname) == ("hes-s", "h.example")
    await credential.close()


@pytest.mark.parametrize("string", [STRING, f"{STRING};", f"{STRING};UseDevelopmentEmulator=true"])
async def test_the_emulator_flag_means_plain_tcp(string):
    access = Access(string, is_emulator=True)
    assert access.credential() is None
    assert not access.producer("hes-s", None)._config.use_tls
    assert (
        replace(access, connection_string=STRING, is_emulator=False)
        .producer("hes-s", None)
        ._config.use_tls
    )


def test_an_endpoint_is_dialled_over_tls_and_only_with_the_authorities_named(
    company,
    today,
    tmp_path,
    tls,
    impatient,
):
    with local_event_hub(tmp_path / "eventhub", {"hes-s": 1}, tls=tls) as hub:
        stranger = Access(hub.connection_string, endpoint=f"sb://127.0.0.1:{hub.port}")
        store(company, today, lines(1, 5))
        with pytest.raises(NotDrained, match="certificate verify failed"):
            drain_hubs(2.0, stranger, impatient)
        trusting = replace(stranger, ca_file=str(tls.certificate))
        assert drain_hubs(10, trusting, impatient) == {"hes-s": 5}
        assert len(hub.read("hes-s")) == 1
