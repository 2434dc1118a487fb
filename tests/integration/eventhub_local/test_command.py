"""`hes eventhub` as people and the demo start it."""

import json
import stat

import pytest
from django.core.management import CommandError, call_command

from tests.factories.eventhub import local_event_hub


def refused(folder, reason, *arguments):
    with pytest.raises(CommandError, match=reason):
        call_command("eventhub", "--folder", folder, "--port", "0", *arguments)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_it_writes_a_ready_file_keeps_its_key_and_ends_in_order(tmp_path, capfd):
    with local_event_hub(tmp_path, {"hes-s": 4, "hes-m": 1}) as hub:
        ready = json.loads((tmp_path / "ready.json").read_text())
        assert ready == {
            "connection_string": hub.connection_string,
            "hubs": {"hes-s": 4, "hes-m": 1},
            "port": hub.port,
            "pid": hub.pid,
        }
        assert mode(tmp_path / "ready.json") == mode(tmp_path / "hub" / "key") == 0o600
        assert mode(tmp_path / "hub") == 0o700
        assert hub.stop() == 0
        key = (tmp_path / "hub" / "key").read_text()
        assert f"SharedAccessKey={key};" in hub.connection_string
        hub.restart()
        assert json.loads((tmp_path / "ready.json").read_text())["port"] == ready["port"]
        assert f"SharedAccessKey={key};" in hub.connection_string
    said = "".join(capfd.readouterr())
    assert f"127.0.0.1:{hub.port}: hes-s (4 partitions), hes-m (1 partitions)" in said
    assert key not in said


def test_a_folder_serves_one_process_and_never_loses_partitions(tmp_path):
    with local_event_hub(tmp_path, {"hes-s": 4}) as hub:
        refused(tmp_path / "hub", "in use by another local Event Hub", "--hub=hes-s")
        hub.kill()
    refused(tmp_path / "hub", "holds 4 partitions, 2 were asked for", "--hub=hes-s:2")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "--hub"),
        (["--hub", "a/b"], "no hub name"),
        (["--hub", "hes-s:0"], "1 to 32 partitions"),
        (["--hub", "hes-s:many"], "many"),
        (["--hub", "hes-s", "--tls-key", "key.pem"], "together"),
    ],
)
def test_bad_arguments_are_told_before_anything_listens(tmp_path, arguments, reason):
    refused(tmp_path / "hub", reason, *arguments)
