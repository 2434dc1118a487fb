"""Shared access signatures, made by the SDK itself."""

import pytest
from azure.eventhub._pyamqp.utils import generate_sas_token

from integration.eventhub_local.sas import KEY_NAME, BadToken, check

KEY = "a+key/with=signs"  # not a secret of anything
NOW = 1_800_000_000


def token(uri="sb://host:5672/hes-s", key=KEY, name=KEY_NAME, expires=NOW + 60):
    return generate_sas_token(uri, name, key, expires)


def test_a_token_of_the_sdk_opens_its_hub_until_it_expires():
    grant = check(token(), KEY, NOW)
    assert grant.covers("hes-s", NOW)
    assert grant.covers("HES-S/consumergroups/x", NOW)
    assert not grant.covers("hes-sw", NOW)
    assert not grant.covers("hes-s", NOW + 60)


def test_a_token_for_the_namespace_opens_every_hub():
    assert check(token("sb://host/"), KEY, NOW).covers("hes-m", NOW)


def test_a_token_for_a_consumer_group_does_not_open_the_hub():
    grant = check(token("sb://host/hes-s/consumergroups/$Default"), KEY, NOW)
    assert grant.covers("hes-s/consumergroups/$default", NOW)
    assert not grant.covers("hes-s", NOW)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (token(key="another"), "signature"),
        (token(name="SomeoneElse"), "unknown key"),
        (token(expires=NOW), "expired"),
        (token().replace("hes-s", "hes-m"), "signature"),
        (token().replace("SharedAccessSignature", "Bearer"), "not a shared"),
        ("", "not a shared"),
        ("SharedAccessSignature sr=x&sig=%00&se=soon&skn=" + KEY_NAME, "signature"),
    ],
)
def test_a_bad_token_is_refused_without_showing_it(bad, reason):
    with pytest.raises(BadToken, match=reason) as refused:
        check(bad, KEY, NOW)
    assert "sig=" not in str(refused.value)
    assert KEY not in str(refused.value)
