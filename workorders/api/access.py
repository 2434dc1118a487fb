"""Who asks, and for which company: no answer crosses companies (invariant I12).

A session of the portal, or a token of `hes user token`. Not the password with each request (HTTP
Basic): it would lie in every client's settings, and its slow hash would cost more than the answer.
"""

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.status import HTTP_403_FORBIDDEN

from devices import access
from devices.models import Company
from workorders.api.errors import NOT_ALLOWED, ApiError

SCHEME = "Bearer"
COMPANY = "company"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer hes_...`."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        user = access.user_of_token(token.strip().decode("latin-1"))
        if user is None:
            raise AuthenticationFailed("the token is unknown or has expired - get a new one")
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI description names the token."""

    target_class = "workorders.api.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "hes user token NAME"}


def company_of(request: Request) -> Company:
    """The company of this request. Others look as if they did not exist."""
    company = access.company_of(_user(request), request.query_params.get(COMPANY, ""))
    if company is None:
        text = "you act for no such company - name yours by ?company=CODE, or ask for a membership"
        raise ApiError(HTTP_403_FORBIDDEN, NOT_ALLOWED, text)
    return company


def name_of(request: Request) -> str:
    """Who asks, as orders and their history name people."""
    return _user(request).get_username()


def _user(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - every view that asks demands a sign-in
    return request.user
