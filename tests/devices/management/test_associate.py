"""`hes associate` and `hes disassociate`: the rules of the file, one meter at a time."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.choices import ConcentratorState, DiscoverySource
from devices.models import Association, Concentrator, Meter
from tests.factories import fleets

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    """A meter that waits at its POD, and an initialised concentrator."""
    fleets.make_partitions()
    td = fleets.concentrator(fleets.company(), None, name="TD-1")
    Concentrator.objects.update(state=ConcentratorState.INITIALISED)
    [meter] = fleets.meters(td, 1)
    Association.objects.all().delete()
    Meter.objects.update(state="installed", process_state="to_associate")
    return meter.serial_number, td.serial_number


def said(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_a_meter_goes_under_a_concentrator_and_comes_back(pair):
    assert "to be commissioned" in said("associate", *pair, "--row", "7", "--phase", "R")
    association = Association.objects.get()
    assert (association.row, association.phase) == (7, 1)
    assert association.source == DiscoverySource.MANUAL
    assert Meter.objects.get().process_state == "to_commission"
    assert "no longer under" in said("disassociate", *pair)
    assert Meter.objects.get().process_state == "to_associate"


def test_what_stands_against_it_is_said_with_its_cure(pair):
    said("associate", *pair)
    with pytest.raises(CommandError, match="delete that association first"):
        said("associate", *pair)
    Meter.objects.update(state="commissioned")
    with pytest.raises(CommandError, match="is commissioned - decommission it first"):
        said("disassociate", *pair)


def test_an_unknown_device_is_named(pair):
    with pytest.raises(CommandError, match="import it by template 6 first"):
        said("associate", pair[0], "20LVM50A19999999")
