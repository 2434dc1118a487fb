"""The sinks of one process: chosen by settings, side by side, ended together."""

import threading

import pytest

from integration.export import services
from integration.export.known import configured
from integration.export.services import NotConfigured, serve


class Calm:
    """A sink that waits for the end."""

    name = "calm"

    def __init__(self, stop):
        self._stop = stop

    def run(self):
        self._stop.wait(20)

    def sign(self):
        return None


class Broken(Calm):
    name = "broken"

    def run(self):
        raise ZeroDivisionError("no waiting heals this")


@pytest.fixture
def makers(monkeypatch):
    kinds = {"csv_files": lambda _, stop: Calm(stop), "hubs": lambda _, stop: Broken(stop)}
    monkeypatch.setattr(services, "MAKERS", kinds)


def test_daily_files_need_no_setting_and_the_others_do(settings):
    settings.EVENT_HUB_CONNECTION_STRING = settings.EVENT_HUB_NAMESPACE = ""
    settings.BLOB_CONTAINER_URL = settings.BLOB_CONNECTION_STRING = ""
    assert configured() == ["csv_files"]
    settings.EVENT_HUB_NAMESPACE = "hes.example"
    settings.BLOB_CONNECTION_STRING = "AccountName=x"
    assert configured() == ["csv_files", "hubs", "blob"]


@pytest.mark.parametrize(
    ("name", "cure"), [("hubs", "HES_EVENTHUB_NAMESPACE"), ("blob", "HES_BLOB_CONTAINER_URL")]
)
def test_a_sink_without_settings_is_refused_with_the_cure(settings, tmp_path, name, cure):
    settings.EVENT_HUB_CONNECTION_STRING = settings.EVENT_HUB_NAMESPACE = ""
    settings.BLOB_CONTAINER_URL = settings.BLOB_CONNECTION_STRING = ""
    with pytest.raises(NotConfigured, match=cure):
        serve([name], tmp_path, threading.Event())


def test_what_ends_one_sink_ends_the_process_and_is_told(makers, settings, tmp_path):
    settings.EVENT_HUB_NAMESPACE = "hes.example"
    with pytest.raises(ZeroDivisionError, match="no waiting heals this"):
        serve(["csv_files", "hubs"], tmp_path, threading.Event())


def test_all_sinks_end_when_asked(makers, tmp_path):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    serve(["csv_files"], tmp_path, stop)
    assert not [thread for thread in threading.enumerate() if thread.name == "calm"]
