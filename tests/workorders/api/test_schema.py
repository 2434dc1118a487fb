"""The OpenAPI description is valid, whole, and needs no other host."""

import re

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.validation import validate_schema

from tests.factories.callers import ADDRESSES, ROOT

pytestmark = pytest.mark.django_db

HIDDEN = {"schema/", "docs/"}


@pytest.fixture(scope="module")
def schema():
    return yaml.safe_load(Client().get(f"{ROOT}schema/").content)


def addresses() -> set[str]:
    """Every address below /api/v1/, as the description writes it."""
    [ours] = [one for one in get_resolver().url_patterns if str(one.pattern) == ROOT.lstrip("/")]
    each = [one for app in ours.url_patterns for one in app.url_patterns]
    plain = {re.sub(r"<\w+:(\w+)>", r"{\1}", str(one.pattern)) for one in each}
    return {ROOT + path for path in plain - HIDDEN if path}


def test_the_description_is_valid_and_names_every_address(schema):
    validate_schema(schema)
    assert set(schema["paths"]) == addresses()


def test_every_address_is_among_those_that_are_tried_with_strangers(schema):
    assert {re.sub(r"{\w+}", "1", path) for path in schema["paths"]} == {
        ROOT + path for path in ADDRESSES
    }


def test_every_operation_says_how_to_sign_in_and_what_a_fault_looks_like(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert {"token": []} in operation["security"], (method, path)
            fault = operation["responses"]["403"]["content"]["application/json"]["schema"]
            assert fault == {"$ref": "#/components/schemas/Fault"}, (method, path)
            assert operation["description"], (method, path)


def test_the_page_loads_nothing_from_elsewhere():
    page = Client().get(f"{ROOT}docs/").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(address.startswith("/static/drf_spectacular_sidecar/") for address in loaded)
    assert "://" not in page
    for address in loaded:
        assert finders.find(address.removeprefix("/static/"))
