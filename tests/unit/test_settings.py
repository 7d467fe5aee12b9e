import json
from pathlib import Path
from typing import Any

import pytest

from vmgui.settings import (
    ALL,
    JOBS_AT_ONCE,
    POLL_INTERVAL_S,
    SCHEME,
    SavedConnection,
    Setting,
    Settings,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "settings.json"


def test_every_setting_can_be_shown_and_keeps_its_default() -> None:
    settings = Settings()
    assert len({setting.key for setting in ALL}) == len(ALL)
    for setting in ALL:
        assert setting.title
        assert setting.help.endswith(".")
        assert settings.get(setting) == setting.check(setting.default)


def test_a_choice_is_there_after_a_restart(path: Path) -> None:
    Settings(path).set(SCHEME, "light")
    assert Settings(path).get(SCHEME) == "light"


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [(SCHEME, "blue", "none of"), (JOBS_AT_ONCE, 0, "at least 1"), (JOBS_AT_ONCE, True, "int")],
)
def test_a_value_that_does_not_fit_is_refused_with_the_reason(
    setting: Setting[Any], value: Any, reason: str
) -> None:
    settings = Settings()
    with pytest.raises(ValueError, match=reason):
        settings.set(setting, value)


def test_a_value_in_the_file_that_does_not_fit_gives_way_to_the_default(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps({POLL_INTERVAL_S.key: "soon", SCHEME.key: "dark"}))
    settings = Settings(path)
    assert settings.get(POLL_INTERVAL_S) == POLL_INTERVAL_S.default
    assert settings.get(SCHEME) == "dark"


@pytest.mark.parametrize("damage", ["{", "[1]", "\x00"])
def test_a_damaged_file_is_put_aside_and_said_so(path: Path, damage: str) -> None:
    path.parent.mkdir()
    path.write_text(damage)
    settings = Settings(path)
    assert "damaged" in settings.problem
    assert path.with_suffix(".damaged.json").read_text() == damage
    settings.set(SCHEME, "dark")
    assert Settings(path).get(SCHEME) == "dark"


def test_two_windows_do_not_undo_each_others_choices(path: Path) -> None:
    one, two = Settings(path), Settings(path)
    one.set(SCHEME, "dark")
    two.set(JOBS_AT_ONCE, 2)
    after = Settings(path)
    assert (after.get(SCHEME), after.get(JOBS_AT_ONCE)) == ("dark", 2)


def test_a_file_that_cannot_be_written_is_said_and_the_choice_holds(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(tmp_path / "file" / "settings.json")
    settings.set(SCHEME, "dark")
    assert settings.get(SCHEME) == "dark"
    assert "can't be kept" in settings.problem


def test_connections_are_kept_in_order_and_odd_ones_passed_over(path: Path) -> None:
    saved = (
        SavedConnection("qemu:///system", "mine"),
        SavedConnection("test:///default", "", True),
    )
    Settings(path).save_connections(saved)
    values = json.loads(path.read_text())
    values["connections"] += ["odd", {"name": "no uri"}]
    path.write_text(json.dumps(values))
    assert Settings(path).connections == saved


def test_listeners_hear_which_key_was_set() -> None:
    settings, heard = Settings(), list[str]()
    settings.changed.connect(heard.append)
    settings.set(SCHEME, "dark")
    assert heard == [SCHEME.key]
