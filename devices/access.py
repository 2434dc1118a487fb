"""Who may ask in the name of which company: users, memberships, tokens (reliability-security 8.3).

A token is random, so a plain hash of it is safe and quick to look up; it is shown once.
"""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from devices.models import ApiToken, Company, Membership
from hes.domain import identifiers
from hes.domain.errors import BadValue, HesError

SCHEME = "hes_"  # lets scanners of leaked secrets know it
PREFIX = 12
LONGEST_DAYS = 90
NAME_LIMIT = 150
NOTED_EVERY = timedelta(minutes=1)  # the last use of a token, so that reads do not write


def add_user(name: str, company: Company, password: str) -> User:
    """A user of a company. Raises HesError where the name is taken or the password too weak."""
    try:
        name = identifiers.name(name, NAME_LIMIT)
        validate_password(password, User(username=name))
    except BadValue as fault:
        raise HesError(f"user {name!r}: {fault}") from None
    except ValidationError as faults:
        raise HesError(f"the password of {name}: {' '.join(faults.messages)}") from None
    with transaction.atomic():
        if User.objects.filter(username=name).exists():
            raise HesError(f"user {name!r} exists already - choose another name")
        user = User.objects.create_user(name, password=password)
        Membership.objects.create(user=user, company=company)
    return user


def new_token(user: User, days: int = LONGEST_DAYS) -> str:
    """A token for a user's programs; the text is known to nobody else and never seen again."""
    if not 1 <= days <= LONGEST_DAYS:
        raise HesError(f"a token lives 1 to {LONGEST_DAYS} days, not {days}")
    text = SCHEME + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user, digest=_digest(text), prefix=text[:PREFIX], expires_at=Now() + timedelta(days)
    )
    return text


def revoke_tokens(user: User) -> int:
    """Forget all tokens of a user; returns how many."""
    return ApiToken.objects.filter(user=user).delete()[0]


def user_of_token(text: str) -> User | None:
    """Whose token it is; None where there is none, it has expired or its user is disabled."""
    tokens = ApiToken.objects.filter(digest=_digest(text), expires_at__gt=Now())
    token = tokens.select_related("user").filter(user__is_active=True).first()
    if token is None:
        return None
    seen_lately = Q(last_used_at__gt=Now() - NOTED_EVERY)
    ApiToken.objects.filter(pk=token.pk).exclude(seen_lately).update(last_used_at=Now())
    return token.user


def company_of(user: User, code: str) -> Company | None:
    """The company a user acts for; a superuser names it by its code. None: not allowed."""
    if user.is_superuser:
        return Company.objects.filter(code=code).first()
    own = Company.objects.filter(membership__user=user).first()
    return own if own and code in ("", own.code) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
