"""Discovered meters go under the concentrator that sees them best, and nobody else's do."""

from dataclasses import replace

import pytest

from devices.choices import ConcentratorState, DiscoverySource
from devices.fleet import load_fleet
from devices.models import Association, Concentrator, Meter, MeterInstallation, MeterStatistics
from devices.parameters import change
from devices.recording import record_last
from hes.domain.records import Node
from tests.factories import fleets

SEEN, COMMISSIONED, OWNED_BY_ANOTHER = 0, 3, 5
SERIAL = "UAAEEDN00000000001"


@pytest.fixture
def td(db):
    """An initialised concentrator; meter 1 waits at its POD, under nobody."""
    fleets.make_partitions()
    owner = fleets.company()
    made = street(owner, "TD-1")
    fleets.meters(made, 1)
    Association.objects.all().delete()
    Meter.objects.update(state="installed", process_state="to_associate")
    return made


def street(owner, name):
    made = fleets.concentrator(owner, owner.procedureprofile_set.first(), name)
    made.state = ConcentratorState.INITIALISED
    made.save()
    return made


def node(**changes):
    plain = Node(fleets.mac(1), SERIAL, b"\x01", 2, 0, 130, None, None, SEEN, "")
    return replace(plain, **changes)


def listed(made, *nodes):
    """The node list of a concentrator, recorded whole."""
    found = fleets.batch(*nodes)
    end = replace(fleets.end("autodiscovery", None), seen=found.seen)
    record_last(load_fleet(made.pk), found, fleets.no_fence, end)


def associated():
    return list(Association.objects.values_list("concentrator__name", flat=True))


def test_a_waiting_meter_is_associated_and_its_line_leaves(td):
    listed(td, node())
    [association] = Association.objects.all()
    assert (association.concentrator, association.discovered_by) == (td, td)
    assert (association.source, association.row) == (DiscoverySource.AUTODISCOVERY, None)
    assert association.phase == 2
    meter = Meter.objects.get()
    assert (meter.state, meter.process_state) == ("installed", "to_commission")
    assert MeterStatistics.objects.get(meter=meter).concentrator_id == td.pk
    [line] = fleets.lines("LPE")
    assert line.startswith("TD-1;UAAEEDN00000000001;POD1;")
    assert "Meter Associated" in line


def test_the_next_list_changes_nothing(td):
    for _ in range(2):
        listed(td, node())
    assert associated() == ["TD-1"]
    assert len(fleets.lines("LPE")) == 1


def _not_linked(_):
    MeterInstallation.objects.all().delete()


def _by_another_company(td):
    Concentrator.objects.filter(pk=td.pk).update(company=fleets.company(code="other"))


def _not_initialised(td):
    Concentrator.objects.filter(pk=td.pk).update(state=ConcentratorState.INSTALLED)


def _switched_off(td):
    change(td.company, "associate_automatically", "false")


def _in_service_elsewhere(td):
    other = street(td.company, "TD-2")
    Association.objects.create(
        meter=Meter.objects.get(), concentrator=other, validity=fleets.ALWAYS, source="manual"
    )


def _decommissioned(_):
    Meter.objects.update(state="decommissioned", process_state="")


def _seen_better_elsewhere(td):
    change(td.company, "associate_automatically", "false")
    listed(street(td.company, "TD-2"), node(quality=200))
    change(td.company, "associate_automatically", "true")


def _recruited_elsewhere(td):
    change(td.company, "associate_automatically", "false")
    listed(street(td.company, "TD-2"), node(state=COMMISSIONED, quality=1))
    change(td.company, "associate_automatically", "true")


@pytest.mark.parametrize(
    "against",
    [
        _not_linked, _by_another_company, _not_initialised, _switched_off, _in_service_elsewhere,
        _decommissioned, _seen_better_elsewhere, _recruited_elsewhere,
    ],
    ids=lambda function: function.__name__.strip("_"),
)  # fmt: skip
def test_a_meter_stays_where_it_is(td, against):
    against(td)
    before = associated()
    listed(td, node())
    assert associated() == before
    assert fleets.lines("LPE") == []


@pytest.mark.parametrize(
    "changes", [{"state": OWNED_BY_ANOTHER}, {"serial": "UAAEEDN00000000009"}], ids=str
)
def test_a_node_that_is_not_plainly_this_meter_is_left_alone(td, changes):
    listed(td, node(**changes))
    assert associated() == []


def test_the_better_line_takes_the_meter_when_it_reports(td):
    _seen_better_elsewhere(td)
    listed(td, node())
    listed(Concentrator.objects.get(name="TD-2"), node(quality=200))
    assert associated() == ["TD-2"]
