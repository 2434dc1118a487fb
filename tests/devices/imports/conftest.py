import pytest

from devices import provisioning
from devices.models import Company


@pytest.fixture
def company():
    return Company.objects.create(name="Chile", code="chile", time_zone="America/Santiago")


@pytest.fixture
def load(company):
    def load(template, data, operation="create", company=company, **options):
        operation = provisioning.Operation(operation)
        return provisioning.run(template, data, company, operation, **options)

    return load
