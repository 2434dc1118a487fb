"""``hes user``: who may use the portal and the interfaces, and the tokens of programs."""

import getpass
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from devices import access
from devices.management.commands.import_template import company_of
from devices.models import ApiToken, Membership
from hes.domain.errors import HesError
from hes.lib.tables import table

HEAD = ("USER", "COMPANY", "TOKENS", "LAST USE")


class Command(BaseCommand):
    """A password is asked where a person sits, else made and shown once, as a token is."""

    help = "Users of a company and their tokens: hes user add ada --company alice"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = actions.add_parser("add", help="a user of a company")
        add.add_argument("name")
        add.add_argument("--company", help="its code; may be left out if there is only one")
        token = actions.add_parser("token", help="a new token for the user's programs, shown once")
        token.add_argument("name")
        token.add_argument("--days", type=int, default=access.LONGEST_DAYS, help="until it expires")
        revoke = actions.add_parser("revoke", help="forget all tokens of the user")
        revoke.add_argument("name")
        actions.add_parser("list", help="users, their companies and tokens")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            self.stdout.write(ACTIONS[action](**options))
        except HesError as fault:
            raise CommandError(str(fault)) from fault


def _add(*, name: str, company: str | None, **_: Any) -> str:
    owner = company_of(company)
    made = "" if sys.stdin.isatty() else secrets.token_urlsafe(18)
    access.add_user(name, owner, made or getpass.getpass(f"password for {name}: "))
    return f"{name} acts for company {owner.code}" + (f"; password {made}" if made else "")


def _token(*, name: str, days: int, **_: Any) -> str:
    return access.new_token(_user(name), days)


def _revoke(*, name: str, **_: Any) -> str:
    return f"{access.revoke_tokens(_user(name))} tokens of {name} are forgotten"


def _list(**_: Any) -> str:
    codes = dict(Membership.objects.values_list("user_id", "company__code"))
    tokens: dict[int, list[ApiToken]] = {}
    for token in ApiToken.objects.order_by("user_id", "pk"):
        tokens.setdefault(token.user_id, []).append(token)
    rows = [
        _row(user, codes.get(user.pk, "-"), tokens.get(user.pk, []))
        for user in User.objects.order_by("username")
    ]
    return "\n".join(table([HEAD, *rows]))


def _row(user: User, company: str, tokens: list[ApiToken]) -> tuple[str, ...]:
    used = max((token.last_used_at for token in tokens if token.last_used_at), default=None)
    code = "(all)" if user.is_superuser else company
    return user.username, code, str(len(tokens)), f"{used:%Y-%m-%d %H:%M}" if used else "never"


ACTIONS: dict[str, Callable[..., str]] = {
    "add": _add,
    "token": _token,
    "revoke": _revoke,
    "list": _list,
}


def _user(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        raise HesError(f"no user is called {name!r} - see `hes user list`")
    return user
