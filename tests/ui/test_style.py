"""Tokens, palette, style sheet, fonts and icons."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QToolTip, QWidget
from pytestqt.qtbot import QtBot

import vmgui.ui
from vmgui.places import resources_dir
from vmgui.ui.style import Style, current, install, sheet, tokens
from vmgui.ui.widgets.text import plain_label

_SCHEMES: tuple[tokens.Scheme, ...] = ("dark", "light")
_ICONS = """
archive arrow-clockwise arrow-counter-clockwise arrow-u-up-left arrows-clockwise
arrows-in-line-vertical arrows-left-right bookmark-simple camera check-circle-fill
clock-counter-clockwise cloud code copy copy-simple cpu desktop disc dots-three eject
fast-forward file-text floppy-disk funnel gauge gear-six graduation-cap hard-drive hard-drives
lightning link-simple lock-simple magnifying-glass moon pause pencil-simple play plus power
projector-screen rows share-network shield-check shield-warning sign-out sliders-horizontal stop
sun tag terminal-window trash wifi-slash wrench
"""

pytestmark = pytest.mark.usefixtures("style")


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("text", tokens.TEXTS)
@pytest.mark.parametrize("surface", [*tokens.SURFACES, "card", "input", "button"])
def test_text_is_readable_on_every_surface(scheme: tokens.Scheme, text: str, surface: str) -> None:
    table = tokens.colours(scheme)
    assert tokens.contrast(table[text], table[surface]) >= 4.5


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize(
    ("text", "behind"),
    [
        *((text, soft) for text, soft in tokens.SOFT.items()),
        *((text, soft) for text in ("t1", "t2", "t3") for soft in tokens.SOFT.values()),
        ("t1", "hover"),
        ("t2", "hover"),
        *(
            ("onacc", fill)
            for fill in ("accfill", "accfillhover", "accfillpress", "dangfill", "dangfillhover")
        ),
    ],
)
def test_text_is_readable_on_soft_and_filled_grounds(
    scheme: tokens.Scheme, text: str, behind: str
) -> None:
    table = tokens.colours(scheme)
    assert tokens.contrast(table[text], table[behind]) >= 4.5


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("series", tokens.SERIES)
def test_series_stand_out_from_the_plot(scheme: tokens.Scheme, series: str) -> None:
    table = tokens.colours(scheme)
    assert tokens.contrast(table[series], table["sunk"]) >= 3.5


def test_contrast_knows_the_two_ends() -> None:
    assert tokens.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert tokens.contrast("#777777", "#777777") == 1


def test_derived_tokens_are_what_they_derive_from() -> None:
    dark, light = tokens.colours("dark"), tokens.colours("light")
    assert (dark["card"], light["card"]) == (dark["s1"], light["s2"])
    assert (dark["input"], light["input"]) == (dark["sunk"], light["s2"])
    assert (dark["button"], light["button"]) == (dark["s3"], light["s2"])
    assert light["hover"] == light["s3"]


def test_colours_are_written_in_one_file_only() -> None:
    room = Path(vmgui.ui.__file__).parent
    files = [p for p in room.rglob("*.py") if p.name != "tokens.py"]
    written = re.compile(r"#[0-9A-Fa-f]{6}\b|#[0-9A-Fa-f]{3}\b|QColor\(\s*[\d\"']")
    found = [
        f"{path.name}: {match[0]}"
        for path in [*files, resources_dir() / "style" / "vmgui.qss"]
        for match in written.finditer(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("factor", tokens.PRESENTER_FACTORS)
def test_style_sheet_is_whole_and_qt_takes_it(
    scheme: tokens.Scheme, factor: float, style: Style, qapp: QApplication
) -> None:
    style.set_scheme(scheme)
    style.set_factor(factor)
    QWidget().ensurePolished()  # a fault in the sheet is warned of here, and fails the test
    assert "@" not in qapp.styleSheet()
    for name in re.findall(r'url\("([^"]+)"\)', qapp.styleSheet()):
        assert Path(name).is_file()


def test_unknown_tokens_are_refused(style: Style) -> None:
    with pytest.raises(KeyError):
        sheet.render("a { color: @nosuch; }", tokens.colours("dark"), 1, lambda *_: "")
    with pytest.raises(KeyError):
        style.color("nosuch")
    with pytest.raises(KeyError):
        style.icon("nosuch")


def test_lengths_marked_so_grow_and_others_stay() -> None:
    text = sheet.render("a { height: @24px; padding: 8px; }", {}, 1.5, lambda *_: "")
    assert text == "a { height: 36px; padding: 8px; }"


def test_palette_follows_the_scheme(style: Style, qapp: QApplication) -> None:
    for scheme in _SCHEMES:
        style.set_scheme(scheme)
        table = tokens.colours(scheme)
        assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(table["s2"])
        assert qapp.palette().color(QPalette.ColorRole.WindowText) == QColor(table["t1"])


def test_change_is_told_once_and_only_when_there_is_one(style: Style, qtbot: QtBot) -> None:
    told: list[str] = []
    style.changed.connect(lambda: told.append(style.scheme))
    style.set_scheme("dark")
    assert told == []
    style.set_scheme("light")
    assert told == ["light"]
    style.set_factor(1.5)
    assert told == ["light", "light"]


def _desktop_says(scheme: tokens.Scheme | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for a desktop: where there is none, no scheme can be set."""
    monkeypatch.setattr("vmgui.ui.style.style._system_scheme", lambda: scheme)
    hints = QGuiApplication.styleHints()
    hints.colorSchemeChanged.emit(hints.colorScheme())


def test_scheme_follows_the_system(
    style: Style, monkeypatch: pytest.MonkeyPatch, qapp: QApplication
) -> None:
    style.set_scheme("system")
    for scheme in _SCHEMES:
        _desktop_says(scheme, monkeypatch)
        assert style.scheme == scheme
        ground = qapp.palette().color(QPalette.ColorRole.Window)
        assert ground == QColor(tokens.colours(scheme)["s2"])
    _desktop_says(None, monkeypatch)
    assert style.scheme in _SCHEMES


@pytest.mark.parametrize("chosen", _SCHEMES)
def test_a_chosen_scheme_stays_whatever_the_system_says(
    style: Style, monkeypatch: pytest.MonkeyPatch, chosen: tokens.Scheme
) -> None:
    style.set_scheme(chosen)
    for scheme in _SCHEMES:
        _desktop_says(scheme, monkeypatch)
        assert style.scheme == chosen


def test_install_twice_is_one_style(style: Style, qapp: QApplication) -> None:
    assert install(qapp) is style
    assert current() is style


@pytest.mark.parametrize(
    ("factor", "sizes"),
    [
        (1.0, {"page": 20, "section": 15, "body": 13, "table": 12, "axis": 11, "lesson": 17}),
        (1.25, {"page": 25, "section": 19, "body": 16, "table": 15, "axis": 14, "lesson": 21}),
        (1.5, {"page": 30, "section": 23, "body": 20, "table": 18, "axis": 17, "lesson": 26}),
        (2.0, {"page": 40, "section": 30, "body": 26, "table": 24, "axis": 22, "lesson": 34}),
    ],
)
def test_type_has_the_sizes_of_the_table(
    style: Style, factor: float, sizes: dict[str, int]
) -> None:
    style.set_factor(factor)
    assert {role: style.font(role).pixelSize() for role in sizes} == sizes


def test_a_factor_that_is_not_offered_is_refused(style: Style) -> None:
    with pytest.raises(ValueError, match="3"):
        style.set_factor(3)


@pytest.mark.parametrize("role", tokens.TYPE)
def test_figures_are_tabular_in_the_shipped_fonts(style: Style, role: str) -> None:
    font = style.font(role)
    mono = tokens.TYPE[role].mono
    assert QFontInfo(font).family() == (tokens.MONO_FAMILY if mono else tokens.UI_FAMILY)
    metrics = QFontMetricsF(font)
    assert metrics.horizontalAdvance("11111") == metrics.horizontalAdvance("88888")


def test_figures_stay_tabular_under_the_style_sheet(qtbot: QtBot) -> None:
    label = plain_label("38 %", "page")
    qtbot.addWidget(label)
    label.show()
    assert label.font().pixelSize() == 20
    assert label.font().weight() == QFont.Weight.DemiBold
    metrics = QFontMetricsF(label.font())
    assert metrics.horizontalAdvance("11111") == metrics.horizontalAdvance("88888")


def test_dashes_of_a_command_stay_two(qtbot: QtBot) -> None:
    label = plain_label("--live", "mono")
    qtbot.addWidget(label)
    label.show()
    assert label.font().family() == tokens.MONO_FAMILY
    assert label.font().featureValue(QFont.Tag("calt")) == 0


def _main_color(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> QColor:
    image = icon.pixmap(QSize(64, 64), 1.0, mode).toImage()
    pixels = (image.pixelColor(x, y) for x in range(64) for y in range(64))
    return next(c for c in pixels if c.alpha() == 255)


def test_an_icon_follows_the_scheme_without_being_made_again(style: Style) -> None:
    icon = style.icon("hard-drives", "acc")
    for scheme in _SCHEMES:
        style.set_scheme(scheme)
        assert _main_color(icon) == style.color("acc")
    assert _main_color(icon, QIcon.Mode.Disabled) == style.color("dis")


def test_every_icon_of_the_design_is_there(style: Style) -> None:
    for name in _ICONS.split():
        assert _main_color(style.icon(name, "t1")) == style.color("t1"), name


def test_tool_tips_are_never_markup(qtbot: QtBot, qapp: QApplication) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    for text in ("<b>x</b>", "<img src=x>", "plain"):
        QToolTip.showText(QPoint(5, 5), text, widget)
        (tip,) = [
            w
            for w in qapp.topLevelWidgets()
            if isinstance(w, QLabel) and w.inherits("QTipLabel") and w.isVisible()
        ]
        assert tip.text() == text
        assert tip.textFormat().name == "PlainText"
    QToolTip.hideText()
