"""Blocks that wait on disk survive everything but the disk."""

import errno
import logging
import os
from contextlib import closing
from uuid import UUID

import pytest

from listeners import spool as module
from listeners.blocks import Block, packed
from listeners.spool import Spool, SpoolInUse

RUN = UUID(int=1)
LIMIT = 10**6


def _block(number: int, size: int = 100) -> Block:
    return Block(RUN, number, 10, number, number, bytes(size))


def _numbers(spool: Spool) -> list[int]:
    """Pass everything on."""
    seen = []
    while blocks := spool.first():
        seen += [block.number for block in blocks]
        spool.passed()
    return seen


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


def test_blocks_come_back_in_their_order_over_many_files(folder):
    with closing(Spool(folder, LIMIT, segment=1000)) as spool:
        for number in range(50):
            spool.append(_block(number))
        assert len(list(folder.glob("*.blocks"))) > 3
        assert spool.datagrams == 500
        assert _numbers(spool) == list(range(50))
        assert (spool.is_empty, spool.datagrams, spool.bytes) == (True, 0, 0)
        assert list(folder.glob("*.blocks")) == []


def test_what_is_appended_while_the_first_is_replayed_comes_after_it(folder):
    with closing(Spool(folder, LIMIT)) as spool:
        spool.append(_block(1))
        assert [block.number for block in spool.first()] == [1]
        spool.append(_block(2))
        assert [block.number for block in spool.first()] == [1]
        spool.passed()
        assert not spool.is_empty
        assert _numbers(spool) == [2]


def test_replay_goes_on_in_portions(folder, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 30)
    with closing(Spool(folder, LIMIT)) as spool:
        for number in range(7):
            spool.append(_block(number))
        assert [block.number for block in spool.first()] == [0, 1, 2]
        assert _numbers(spool) == list(range(7))


def test_the_next_process_finds_everything(folder):
    with closing(Spool(folder, LIMIT, segment=300)) as spool:
        for number in range(5):
            spool.append(_block(number))
    with closing(Spool(folder, LIMIT, segment=300)) as spool:
        assert spool.datagrams == 50
        spool.append(_block(5))
        assert _numbers(spool) == list(range(6))


@pytest.mark.parametrize("lost", [1, 50, 150])
def test_a_torn_tail_is_cut_and_told(folder, lost, caplog):
    with closing(Spool(folder, LIMIT)) as spool:
        spool.append(_block(1))
        spool.append(_block(2))
    (path,) = folder.glob("*.blocks")
    os.truncate(path, path.stat().st_size - lost)
    with caplog.at_level(logging.WARNING), closing(Spool(folder, LIMIT)) as spool:
        spool.append(_block(3))
        assert _numbers(spool) == [1, 3]
    assert "are cut" in caplog.text


def test_a_file_without_a_whole_block_is_forgotten(folder):
    with closing(Spool(folder, LIMIT)) as spool:
        spool.append(_block(1))
    (path,) = folder.glob("*.blocks")
    os.truncate(path, 3)
    with closing(Spool(folder, LIMIT)) as spool:
        assert _numbers(spool) == []
        assert spool.is_empty


def test_a_damaged_rest_is_kept_for_a_person(folder):
    with closing(Spool(folder, LIMIT)) as spool:
        for number in range(3):
            spool.append(_block(number))
    (path,) = folder.glob("*.blocks")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with closing(Spool(folder, LIMIT)) as spool:
        assert _numbers(spool) == [0]
    (aside,) = folder.glob("*.damaged-*")
    assert aside.read_bytes() == raw[len(packed(_block(0))) :]


def test_damage_while_it_runs_stops_nothing(folder):
    with closing(Spool(folder, LIMIT, segment=100)) as spool:
        spool.append(_block(1))
        spool.append(_block(2))
        first, _ = sorted(folder.glob("*.blocks"))
        first.write_bytes(b"x" * 200)
        assert spool.first() == []
        assert _numbers(spool) == [2]
        assert spool.is_empty


def test_one_process_has_the_folder(folder):
    with closing(Spool(folder, LIMIT)), pytest.raises(SpoolInUse, match="HES_LISTEN_SPOOL"):
        Spool(folder, LIMIT)
    Spool(folder, LIMIT).close()


def test_the_limit_holds_and_frees_again(folder):
    with closing(Spool(folder, 3 * len(packed(_block(0))))) as spool:
        for number in range(3):
            spool.append(_block(number))
        with pytest.raises(OSError, match="limit") as full:
            spool.append(_block(3))
        assert full.value.errno == errno.EDQUOT
        assert _numbers(spool) == [0, 1, 2]
        spool.append(_block(4))
        assert _numbers(spool) == [4]


def test_a_full_disk_leaves_no_half_block(folder, monkeypatch):
    with closing(Spool(folder, LIMIT)) as spool:
        spool.append(_block(1))
        real = os.write

        def short(handle: int, raw: bytes) -> int:
            monkeypatch.setattr(os, "write", full)
            return real(handle, bytes(raw)[:10])

        def full(handle: int, raw: bytes) -> int:
            raise OSError(errno.ENOSPC, "no space")

        monkeypatch.setattr(os, "write", short)
        with pytest.raises(OSError, match="no space"):
            spool.append(_block(2))
        monkeypatch.setattr(os, "write", real)
        spool.append(_block(3))
        assert _numbers(spool) == [1, 3]
