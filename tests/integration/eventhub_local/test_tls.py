"""TLS with a certificate of our own."""

import datetime
import ipaddress

import pytest
from azure.eventhub import TransportType
from azure.eventhub.exceptions import ConnectError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integration.eventhub_local.server import TlsFiles
from tests.factories.eventhub import local_event_hub
from tests.integration.eventhub_local.sdk import producing, send


@pytest.fixture
def tls(tmp_path):
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local event hub")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(tmp_path / "certificate.pem", tmp_path / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


async def test_the_sdk_sends_over_tls_and_trusts_nobody_else(tmp_path, tls):
    with local_event_hub(tmp_path / "eventhub", {"hes-s": 1}, tls=tls) as hub:
        options = {
            "custom_endpoint_address": f"sb://127.0.0.1:{hub.port}",
            "transport_type": TransportType.Amqp,
        }
        async with producing(
            hub, "hes-s", connection_verify=str(tls.certificate), **options
        ) as client:
            await send(client, b"sealed")
        async with producing(hub, "hes-s", **options) as client:
            with pytest.raises(ConnectError, match="certificate verify failed"):
                await send(client, b"refused")
        assert [message.body for message in hub.read("hes-s")] == [b"sealed"]
