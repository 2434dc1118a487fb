"""What the settings may say, and that a wrong one is refused without repeating it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.export.sinks.blob import expiry, target
from integration.export.sinks.blob.target import BadTarget

ACCOUNT = "https://utility.blob.core.windows.net"
SIGNATURE = "kM3%2Bn0tReal%2Fk3yk3yk3yk3yk3yk3yk3yk3yk3yk3y%3D"
FIELDS = f"sv=2024-11-04&sr=c&sp=cw&se=2026-11-27T10:00:00Z&sig={SIGNATURE}"
URL = f"{ACCOUNT}/readings?{FIELDS}"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_the_address_carries_no_signature():
    opened = target.from_url(URL)
    assert opened.address == f"{ACCOUNT}/readings"
    assert opened.expires == datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
    assert "sig" not in repr(opened)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-27", datetime(2026, 11, 27, tzinfo=UTC)),
        ("2026-11-27T10:00Z", datetime(2026, 11, 27, 10, tzinfo=UTC)),
        ("2026-11-27T10:00:00.0000000Z", datetime(2026, 11, 27, 10, tzinfo=UTC)),
    ],
)
def test_an_expiry_may_be_written_in_every_form_of_the_service(said, meant):
    opened = target.from_url(URL.replace("2026-11-27T10:00:00Z", said))
    assert opened.expires == meant


def test_a_stored_policy_tells_no_expiry():
    opened = target.from_url(f"{ACCOUNT}/readings?sv=2024-11-04&si=hes&sr=c&sig={SIGNATURE}")
    assert opened.expires is None
    assert expiry.warning(opened, NOW) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"{ACCOUNT}/readings", "carries no signature"),
        (f"{ACCOUNT}/?{FIELDS}", "names no container|cannot be understood"),
        (f"{ACCOUNT}?{FIELDS}", "names no container|cannot be understood"),
        (URL.replace("https", "http"), "only https"),
        (URL.replace("sp=cw", "sp=rl"), r"permits 'rl': give it create \(c\) and write \(w\)"),
        (URL.replace("sp=cw", "sp=c"), "permits 'c'"),
        (URL.replace("2026-11-27T10:00:00Z", "soon"), "unreadable expiry"),
        (f"readings?{FIELDS}", "names no container|cannot be understood"),
    ],
)
def test_a_wrong_address_is_refused_without_its_signature(url, why):
    with pytest.raises(BadTarget, match=why) as refusal:
        target.from_url(url)
    assert SIGNATURE not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("text", ["", "nonsense", "AccountKey=c2VjcmV0", "a=b;c", "AccountName=x"])
def test_a_wrong_connection_string_is_refused_without_its_key(text):
    with pytest.raises(BadTarget, match="HES_BLOB_CONNECTION_STRING") as refusal:
        target.from_connection_string(text, "readings")
    assert "c2VjcmV0" not in str(refusal.value)


def test_a_connection_string_with_a_signature_tells_its_expiry():
    text = f"BlobEndpoint={ACCOUNT};SharedAccessSignature={FIELDS}"
    opened = target.from_connection_string(text, "readings")
    assert opened.address == f"{ACCOUNT}/readings"
    assert opened.expires == datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


def test_texts_of_others_lose_what_opens_the_container():
    opened = target.from_url(URL)
    said = opened.scrub(f"PUT /readings/x?{FIELDS} failed, AccountKey=abc;SharedAccessSignature=d")
    assert SIGNATURE not in said
    assert "abc" not in said
    assert said.startswith("PUT /readings/x?sv=2024-11-04&sr=c&sp=cw")


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=8), ""),
        (timedelta(days=6, hours=3), "expires in 6 days, on 2026-11-26 12:00 UTC"),
        (timedelta(days=1, hours=3), "expires in 1 day, on"),
        (timedelta(hours=5, minutes=4), "expires in 5 h 4 min, on"),
        (timedelta(0), "has expired on 2026-11-20 09:00 UTC, 0 h 0 min ago"),
        (timedelta(days=-2), "has expired on 2026-11-18 09:00 UTC, 2 days ago"),
    ],
)
def test_the_warning_names_days_and_date(left, said):
    at = (NOW + left).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = expiry.warning(target.from_url(URL.replace("2026-11-27T10:00:00Z", at)), NOW)
    assert (said in text) if said else (text == "")
    assert SIGNATURE not in text


@given(st.text(max_size=80))
def test_any_text_is_a_container_or_refused(text):
    for opening in (target.from_url, lambda text: target.from_connection_string(text, "box")):
        with suppress(BadTarget):
            assert opening(text).address
