"""Programs that use the REST interface: each signed in by a token of its own."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from devices import access
from devices.models import Company

ROOT = "/api/v1/"
ADDRESSES = (
    *("work-orders/", "work-orders/preview/", "work-orders/1/", "work-orders/1/cancel/"),
    *("work-orders/1/approve/", "work-orders/1/refuse/", "work-orders/1/resolve/"),
    *("work-orders/events/", "order-kinds/", "freezes/", "freezes/on/", "freezes/off/"),
    *("breaker-states/", "local-results/"),
    *("outages/", "outages/1/", "outages/1/customers/", "outage-days/"),
)
PASSWORD = "correct horse battery"


class Caller:
    """A user of a company and his client; answers are (status, JSON)."""

    def __init__(self, name: str, company: Company, **options: Any) -> None:
        self.company = company
        self.user = access.add_user(name, company, PASSWORD)
        self.token = access.new_token(self.user)
        self.client = client(self.token, **options)

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return told(self.client.get(ROOT + path, query))

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return told(self.client.post(ROOT + path, body, content_type="application/json"))


def client(token: str, **options: Any) -> Client:
    return Client(headers={"authorization": f"Bearer {token}"}, **options)


def superuser() -> Client:
    user = User.objects.create_superuser("root", password=PASSWORD)
    return client(access.new_token(user))


def told(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.json()
