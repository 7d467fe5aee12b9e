import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from vmgui.actions import moments as moments_module
from vmgui.actions.moments import LARGEST_PICTURE_BYTES, Moment, Moments
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key

WEB, DB = domain_key("h", "1-uuid"), domain_key("h", "2-uuid")
FULL = Moment(b"\x89PNG picture", True, 1.5, (("vda", 3 << 20), ("vdb", 0)), 96 << 20)


def made(name: str = "first", at_s: int = 5, domain: Key = WEB) -> Snapshot:
    return Snapshot(snapshot_key(domain, name), domain, name, created_at_s=at_s)


def test_what_was_noted_is_there_in_the_next_run(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "moments"
    Moments(folder).keep(made(), FULL)
    later = Moments(folder)
    assert later.of(made()) == FULL
    assert later.problem == ""
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_new_snapshot_with_an_old_name_has_no_moment(tmp_path: Path) -> None:
    kept = Moments(tmp_path)
    kept.keep(made(), FULL)
    for other in (made(at_s=6), made("second"), made(domain=DB)):
        assert Moments(tmp_path).of(other) is None
        assert kept.of(other) is None


@pytest.mark.parametrize(
    "name", ["../../x", "a/b", "", ".", "n" * 500, "a\nb", "\udc80", "ä 💾", "CON", "-rf"]
)
def test_odd_names_are_no_odd_files(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "moments"
    Moments(folder).keep(made(name), FULL)
    assert Moments(folder).of(made(name)) == FULL
    assert [path.name for path in tmp_path.iterdir()] == ["moments"]
    (file,) = folder.iterdir()
    assert file.name.isascii()
    assert len(file.name) < 100


def test_names_that_differ_are_never_one(tmp_path: Path) -> None:
    kept = Moments(tmp_path)
    # A name may end in what looks like another's time.
    pairs = (made("a", 11), made("a\x001", 1), made("a1", 1))
    for number, snapshot in enumerate(pairs):
        kept.keep(snapshot, Moment(took_s=float(number)))
    assert [kept.of(snapshot) for snapshot in pairs] == [
        Moment(took_s=0.0),
        Moment(took_s=1.0),
        Moment(took_s=2.0),
    ]


def test_what_is_gone_is_forgotten_and_nothing_else(tmp_path: Path) -> None:
    kept = Moments(tmp_path)
    for snapshot in (made("stays"), made("goes"), made("goes", domain=DB)):
        kept.keep(snapshot, FULL)
    kept.forget([made("goes").key, made("stays").key], [made("stays")])
    for look in (kept, Moments(tmp_path)):
        assert look.of(made("goes")) is None
        assert look.of(made("stays")) == look.of(made("goes", domain=DB)) == FULL
    # What an earlier run kept goes too.
    Moments(tmp_path).forget([made("goes", domain=DB).key], [made("goes", 6, DB)])
    assert Moments(tmp_path).of(made("goes", domain=DB)) is None


def test_a_new_name_keeps_the_moment(tmp_path: Path) -> None:
    kept = Moments(tmp_path)
    kept.keep(made("old"), FULL)
    kept.move(made("old"), made("new"))
    kept.move(made("new"), made("new"))
    kept.move(made("unheard"), made("other"))
    assert Moments(tmp_path).of(made("new")) == FULL
    assert Moments(tmp_path).of(made("old")) is None
    assert kept.of(made("other")) is None


def test_a_picture_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    kept = Moments(tmp_path)
    kept.keep(made(), replace(FULL, picture=bytes(LARGEST_PICTURE_BYTES + 1)))
    assert kept.of(made()) == replace(FULL, picture=b"")


def test_the_oldest_go_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments_module, "KEEP", 3)
    kept = Moments(tmp_path)
    for number in range(5):
        kept.keep(made(at_s=number), FULL)
        for age, file in enumerate(sorted(tmp_path.iterdir(), key=os.path.getmtime, reverse=True)):
            os.utime(file, (1000 - age, 1000 - age))
    later = Moments(tmp_path)
    assert [later.of(made(at_s=number)) is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda _: "[]",
        lambda _: "{",
        lambda told: json.dumps(told | {"format": 2}),
        lambda told: json.dumps(told | {"snapshot": "other"}),
        lambda told: json.dumps(told | {"picture": "ä"}),
        lambda told: json.dumps(told) + " " * 300_000,
    ],
)
def test_a_damaged_file_is_as_if_nothing_was_noted(damage: object, tmp_path: Path) -> None:
    assert callable(damage)
    Moments(tmp_path).keep(made(), FULL)
    (file,) = tmp_path.iterdir()
    file.write_text(damage(json.loads(file.read_text())))
    later = Moments(tmp_path)
    assert later.of(made()) is None
    later.keep(made(), FULL)
    assert Moments(tmp_path).of(made()) == FULL


def test_what_is_odd_in_it_is_left_out(tmp_path: Path) -> None:
    Moments(tmp_path).keep(made(), FULL)
    (file,) = tmp_path.iterdir()
    odd = {"quiesced": 1, "took_s": "x", "disk_bytes": [1], "memory_bytes": True, "picture": 3}
    file.write_text(json.dumps(json.loads(file.read_text()) | odd))
    assert Moments(tmp_path).of(made()) == Moment()


def test_a_folder_that_cant_be_written_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Moments(tmp_path / "file" / "moments")
    kept.keep(made(), FULL)
    assert "can't be kept" in kept.problem
    assert kept.of(made()) == FULL
    kept.forget([made().key], [])
    assert kept.of(made()) is None


def test_without_a_folder_they_are_in_memory() -> None:
    kept = Moments()
    kept.keep(made(), FULL)
    assert kept.of(made()) == FULL
    assert kept.of(made("other")) is None
    assert Moments().of(made()) is None
