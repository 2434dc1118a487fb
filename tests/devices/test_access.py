"""Who may ask for which company; tokens rest as hashes and end."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from devices import access
from devices.models import ApiToken, Membership
from hes.domain.errors import HesError
from tests.factories import fleets
from tests.factories.ordered import ago

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def ada() -> User:
    return access.add_user("ada", fleets.company(), PASSWORD)


def test_a_token_names_its_user_and_only_its_hash_is_stored(ada):
    text = access.new_token(ada)
    [row] = ApiToken.objects.values()
    assert text not in map(str, row.values())
    assert row["last_used_at"] is None
    assert access.user_of_token(text) == ada
    assert ApiToken.objects.get().last_used_at


def test_the_use_of_a_token_is_noted_once_a_minute(ada):
    text = access.new_token(ada)
    access.user_of_token(text)
    first = ApiToken.objects.get().last_used_at
    access.user_of_token(text)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=ago(minutes=2))
    access.user_of_token(text)
    assert ApiToken.objects.get().last_used_at > ago(minutes=1)


def test_a_token_ends_by_time_by_revocation_and_with_its_user(ada):
    expired, revoked = access.new_token(ada), None
    ApiToken.objects.update(expires_at=ago(seconds=1))
    assert access.user_of_token(expired) is None
    revoked = access.new_token(ada)
    assert access.revoke_tokens(ada) == 2
    assert access.user_of_token(revoked) is None
    text = access.new_token(ada)
    User.objects.update(is_active=False)
    assert access.user_of_token(text) is None
    assert access.user_of_token("") is None


@pytest.mark.parametrize("days", [0, 91])
def test_no_token_lives_longer_than_ninety_days(ada, days):
    with pytest.raises(HesError, match="1 to 90"):
        access.new_token(ada, days)


def test_a_member_acts_for_his_company_and_a_superuser_for_the_one_he_names(ada):
    own, other = Membership.objects.get().company, fleets.company(code="other")
    assert access.company_of(ada, "") == access.company_of(ada, "demo") == own
    assert access.company_of(ada, "other") is None
    root = User.objects.create_superuser("root", password=PASSWORD)
    assert access.company_of(root, "other") == other
    assert access.company_of(root, "") is None
    assert access.company_of(User.objects.create_user("stray"), "demo") is None


@pytest.mark.parametrize(
    ("name", "password"), [("ada", PASSWORD), ("b;b", PASSWORD), ("bob", "12345678")]
)
def test_a_user_that_cannot_be_is_refused_and_nothing_is_stored(ada, name, password):
    with pytest.raises(HesError):
        access.add_user(name, Membership.objects.get().company, password)
    assert User.objects.count() == 1


def test_the_command_adds_lists_and_revokes(capsys):
    fleets.company()
    call_command("user", "add", "ada")
    password = capsys.readouterr().out.rpartition(" ")[2].strip()
    assert User.objects.get().check_password(password)
    call_command("user", "token", "ada", "--days", "7")
    text = capsys.readouterr().out.strip()
    assert access.user_of_token(text) == User.objects.get()
    call_command("user", "list")
    listed = capsys.readouterr().out
    assert "ada   demo" in listed
    assert text not in listed
    call_command("user", "revoke", "ada")
    assert access.user_of_token(text) is None
    with pytest.raises(CommandError, match="no user is called 'bob'"):
        call_command("user", "token", "bob")
