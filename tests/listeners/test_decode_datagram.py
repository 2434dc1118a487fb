"""`hes decode-datagram`."""

import csv
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from devices.protocol.pushes import LAST_GASP, Told, wrapped
from devices.protocol.security import Keys, Sealer

TEXT = (Path(__file__).parents[1] / "samples" / "last_gasp.csv").read_text()
SAMPLES = [row for row in csv.DictReader(TEXT.splitlines()) if len(row["hex"]) == 60]


@pytest.mark.parametrize("sample", SAMPLES, ids=[row["state"] for row in SAMPLES])
def test_a_sample_is_told_as_the_report_prints_it(sample, capsys):
    call_command("decode_datagram", sample["hex"])
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["serial"]) == (sample["state"], sample["serial"])
    assert (told["local"], told["size"]) == (sample["device_time_local"], 30)


def test_blanks_and_colons_may_divide_the_figures(capsys):
    pairs = [SAMPLES[0]["hex"][place : place + 2] for place in range(0, 60, 2)]
    call_command("decode_datagram", ":".join(pairs[:10]) + " " + " ".join(pairs[10:]))
    assert json.loads(capsys.readouterr().out)["kind"] == SAMPLES[0]["state"]


def test_a_push_is_told_too(capsys):
    push = wrapped(Told(LAST_GASP, b"", "UAAEEDN11200129684", 1).notification())
    call_command("decode_datagram", push.hex())
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["serial"]) == ("METER_REACHABILITY_KO", "UAAEEDN11200129684")
    assert told["local"] is None


def test_a_sealed_push_tells_whose_it_is(capsys):
    title = b"MTR\x0e\x24\x0e\x99\x5a"
    sealer = Sealer(Keys(bytes(range(16)), bytes(range(1, 17))), title, lambda: 1)
    call_command("decode_datagram", wrapped(b"\x0f\0\0\0\1\0\0", sealer).hex())
    assert json.loads(capsys.readouterr().out)["title"] == title.hex().upper()


def test_what_means_nothing_is_told_with_the_reason(capsys):
    with pytest.raises(SystemExit) as end:
        call_command("decode_datagram", "01130018CFDf")
    assert end.value.code == 1
    assert json.loads(capsys.readouterr().out) == {"size": 6, "reason": "too short"}


def test_what_is_not_hexadecimal_is_refused_with_the_cure():
    with pytest.raises(CommandError, match="two figures per byte"):
        call_command("decode_datagram", "0x01")
