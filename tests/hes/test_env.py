"""Readers of the environment: typed, all faults at once, secrets never repeated."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hes.lib.env import ConfigurationError, Environment, parse_database_url, parse_master_key
from hes.lib.home import default_home, kept_secret

KEY = base64.b64encode(bytes(range(32))).decode()


def test_all_faults_are_reported_at_once():
    env = Environment({"A": "many", "B": "perhaps", "C": "blue"})
    assert env.integer("A", 3, maximum=9) == 3
    assert env.flag("B") is False
    assert env.choice("C", "red", ("red", "green")) == "red"
    with pytest.raises(ConfigurationError) as fault:
        env.require_valid()
    assert [line.strip()[:2] for line in str(fault.value).splitlines()[1:]] == ["A:", "B:", "C:"]


def test_a_valid_environment_passes():
    env = Environment({"A": " 7 ", "B": "Yes", "C": "green", "D": "a, b,,c "})
    assert env.integer("A", 3) == 7
    assert env.flag("B") is True
    assert env.choice("C", "red", ("red", "green")) == "green"
    assert env.words("D") == ["a", "b", "c"]
    env.require_valid()


def test_networks_are_read_or_refused_with_the_cure():
    env = Environment({"A": "10.0.1.36, 10.8.0.0/16", "B": "10.8.0.1/16"})
    assert [str(network) for network in env.networks("A")] == ["10.0.1.36/32", "10.8.0.0/16"]
    assert env.networks("B") == []
    assert env.networks("C") == []
    with pytest.raises(ConfigurationError, match="B: must be networks separated by commas"):
        env.require_valid()


@pytest.mark.parametrize("text", ["-1", "10", "1e3", "", "٣"])
def test_a_number_outside_its_range_gives_the_default(text):
    assert Environment({"A": text}).integer("A", 5, minimum=0, maximum=9) in {5, 3}


@pytest.mark.parametrize("text", ["10.0.1", "10.0.1.256", "listener.example", "::1"])
def test_an_address_that_is_none_is_a_fault(text):
    env = Environment({"A": text})
    assert env.address("A", "127.0.0.1") == "127.0.0.1"
    assert env.errors == ["A: must be an IPv4 address, as 10.0.1.36"]


def test_an_address_is_kept_and_may_be_left_out():
    env = Environment({"A": " 10.0.1.36 "})
    assert (env.address("A"), env.address("B"), env.errors) == ("10.0.1.36", "", [])


def test_a_socket_folder_is_the_host_parameter():
    url = parse_database_url("postgres://hes_app@/hes?host=/run/hes/s&sslmode=disable")
    assert (url.name, url.user, url.host, url.port) == ("hes", "hes_app", "/run/hes/s", None)
    assert url.options == {"sslmode": "disable"}


@given(st.text(min_size=1), st.text(min_size=1), st.integers(1, 65535))
def test_every_part_may_be_percent_encoded(name, password, port):
    user = database = quote(name, safe="")
    text = f"postgres://{user}:{quote(password, safe='')}@db:{port}/{database}"
    url = parse_database_url(text)
    assert (url.name, url.user, url.password, url.host, url.port) == (
        name,
        name,
        password,
        "db",
        port,
    )


def test_the_password_of_an_address_never_shows():
    assert "canary" not in repr(parse_database_url("postgres://u:canary@h/x"))


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("mysql://u:topsecret@h/x", "postgres://"),
        ("postgres://u:topsecret@h/", "names no database"),
        ("postgres://u:topsecret@h:port/x", ""),
        ("topsecret", "postgres://"),
    ],
)
def test_a_bad_address_is_refused_without_being_repeated(text, cure):
    env = Environment({"DATABASE_URL": text})
    assert env.database("DATABASE_URL") is None
    assert cure in env.errors[0]
    assert "topsecret" not in env.errors[0]


def test_a_secret_may_stand_in_a_private_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("from file\n")
    path.chmod(0o600)
    assert Environment({"KEY_FILE": str(path)}).secret("KEY") == "from file"


def test_a_secret_file_that_everybody_may_read_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("from file\n")
    path.chmod(0o644)
    env = Environment({"KEY_FILE": str(path)})
    assert env.secret("KEY") == ""
    assert "chmod 600" in env.errors[0]


def test_a_missing_secret_file_is_a_fault(tmp_path):
    env = Environment({"KEY_FILE": str(tmp_path / "none")})
    assert env.secret("KEY") == ""
    assert "KEY_FILE" in env.errors[0]


def test_a_master_key_is_32_random_bytes_in_base64():
    assert parse_master_key(KEY) == bytes(range(32))


@pytest.mark.parametrize(
    "bad", ["", "abc", "not base64!", KEY[:-4], base64.b64encode(bytes(32)).decode()]
)
def test_a_weak_master_key_is_refused_without_being_repeated(bad):
    with pytest.raises(ValueError, match="head -c 32 /dev/urandom") as fault:
        parse_master_key(bad)
    assert not bad or bad not in str(fault.value)


def test_a_generated_secret_is_private_and_stays_the_same(tmp_path):
    path = tmp_path / "home" / "key"
    assert kept_secret(path, lambda: "first") == "first"
    assert kept_secret(path, lambda: "second") == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_the_home_is_inside_a_checkout_else_in_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_home(tmp_path) == tmp_path / ".local" / "share" / "hes"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert default_home(tmp_path) == tmp_path / ".local" / "share" / "hes"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "hes"\n')
    assert default_home(tmp_path) == tmp_path / ".hes"
