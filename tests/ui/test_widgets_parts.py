"""The small parts: what they show, how they are driven, and that foreign text stays text."""

from itertools import combinations
from math import nan

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from vmgui.ui.style import Style
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.chips import CountBadge, CountChip, StateChip, TagChip
from vmgui.ui.widgets.command_line import CommandLine
from vmgui.ui.widgets.elided import ElidedLabel, LinkButton
from vmgui.ui.widgets.empty_state import EmptyState
from vmgui.ui.widgets.facts import Fact, Facts, Part
from vmgui.ui.widgets.failure import Failure, FailurePanel
from vmgui.ui.widgets.flow import FlowLayout
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.sparkline import paint_sparkline
from vmgui.ui.widgets.state_mark import MARKS, STATES, paint_mark, paint_state
from vmgui.ui.widgets.text import literal, one_line, plain_label, plain_tooltip
from vmgui.ui.widgets.toggle import Toggle

pytestmark = pytest.mark.usefixtures("style")

_HOSTILE = "<b>x</b> & <img src='http://x'> \u202egnp.exe\nsecond " + "long " * 40


def _shown(qtbot: QtBot, widget: QWidget, width: int = 300) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, widget.sizeHint().height())
    widget.show()


def _drawn(width: int = 24, height: int = 24) -> QImage:
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    return image


# text


def test_foreign_text_stays_text() -> None:
    assert one_line("a\nb\tc\u2028d") == "a b c d"
    assert literal("a&b\n") == "a&&b "
    assert plain_label(_HOSTILE).textFormat() == Qt.TextFormat.PlainText
    assert plain_label(_HOSTILE).text() == _HOSTILE


def test_tool_tips_are_broken_into_lines_and_lose_nothing() -> None:
    tip = plain_tooltip(_HOSTILE)
    assert max(map(len, tip.split("\n"))) <= 90
    assert tip.split() == _HOSTILE.split()


def test_a_long_text_is_cut_in_the_middle_and_whole_in_its_tool_tip(qtbot: QtBot) -> None:
    label = ElidedLabel(_HOSTILE)
    _shown(qtbot, label, 200)
    assert label.text().startswith("<b>x")
    assert "…" in label.text()
    assert label.fontMetrics().horizontalAdvance(label.text()) <= 200
    assert label.toolTip().split() == _HOSTILE.split()
    assert label.full_text == _HOSTILE
    label.setText("short")
    assert (label.text(), label.toolTip()) == ("short", "")


def test_a_long_text_does_not_widen_its_window(qtbot: QtBot) -> None:
    label, link = ElidedLabel(_HOSTILE), LinkButton(_HOSTILE)
    for widget in (label, link):
        qtbot.addWidget(widget)
        assert widget.minimumSizeHint().width() < 200 < widget.sizeHint().width()


def test_a_text_that_gets_room_again_is_shown_whole(qtbot: QtBot) -> None:
    label = ElidedLabel("a name of some thirty letters.")
    _shown(qtbot, label, 80)
    assert "…" in label.text()
    label.resize(400, 20)
    assert label.text() == "a name of some thirty letters."


def test_an_elided_label_fits_again_after_a_change_of_scale(qtbot: QtBot, style: Style) -> None:
    label = ElidedLabel("a name of some thirty letters.")
    _shown(qtbot, label, 220)
    assert "…" not in label.text()
    style.set_factor(2.0)
    assert "…" in label.text()


# marks


@pytest.mark.parametrize(
    ("kind", "size_px"), [("state", 12), ("state", 24), ("mark", 16), ("mark", 24)]
)
def test_states_and_marks_are_told_apart_in_grey(style: Style, kind: str, size_px: int) -> None:
    pictures: dict[str, QImage] = {}
    box = QRectF(0, 0, size_px, size_px)
    for name in STATES if kind == "state" else MARKS:
        image = _drawn(size_px, size_px)
        painter = QPainter(image)
        (paint_state if kind == "state" else paint_mark)(painter, box, name, style)
        painter.end()
        pictures[name] = image.convertToFormat(QImage.Format.Format_Alpha8)
    for one, other in combinations(pictures, 2):
        differing = sum(
            abs(pictures[one].pixelColor(x, y).alpha() - pictures[other].pixelColor(x, y).alpha())
            > 96
            for x in range(size_px)
            for y in range(size_px)
        )
        assert differing >= size_px / 3, f"{one} looks like {other}"


def test_an_unheard_of_state_is_drawn_as_unknown(style: Style) -> None:
    pictures = []
    for state in ("unknown", "pmsuspended-new"):
        image = _drawn()
        painter = QPainter(image)
        paint_state(painter, QRectF(0, 0, 24, 24), state, style)
        painter.end()
        pictures.append(image)
    assert pictures[0] == pictures[1]


def test_a_sparkline_keeps_its_gaps_and_goes_grey_when_stale(style: Style) -> None:
    def draw(values: list[float], *, stale: bool = False) -> QImage:
        image = _drawn(60, 16)
        painter = QPainter(image)
        paint_sparkline(painter, QRectF(0, 0, 60, 16), values, style, stale=stale)
        painter.end()
        return image

    whole = draw([50.0] * 31)
    gap = draw([50.0] * 10 + [nan] * 11 + [50.0] * 10)
    assert all(whole.pixelColor(x, 8).alpha() > 120 for x in (5, 30, 55))
    assert [gap.pixelColor(x, 8).alpha() > 120 for x in (5, 30, 55)] == [True, False, True]
    assert [gap.pixelColor(x, 14).alpha() > 0 for x in (5, 30, 55)] == [True, False, True]
    grey = draw([50.0] * 31, stale=True)
    assert grey.pixelColor(30, 8).hslSaturation() < whole.pixelColor(30, 8).hslSaturation() / 2
    assert draw([nan] * 31) == draw([]) == _drawn(60, 16)
    assert draw([900.0] * 31) == draw([100.0] * 31)


# chips


def test_chips_grow_with_their_text_and_the_scale(qtbot: QtBot, style: Style) -> None:
    chip, badge, count = StateChip(), CountBadge(3), CountChip("Attention", "warn")
    for widget in (chip, badge, count):
        qtbot.addWidget(widget)
        widget.show()
    chip.set_state("running", "Running")
    narrow = [w.sizeHint().width() for w in (chip, badge, count)]
    chip.set_state("running", "Running · 12 d 4 h")
    badge.set_count(12345)
    count.set_count(3)
    wider = [w.sizeHint().width() for w in (chip, badge, count)]
    assert all(a > b for a, b in zip(wider, narrow, strict=True))
    style.set_factor(2.0)
    assert all(w.sizeHint().width() > 1.4 * b for w, b in zip((chip, badge), wider, strict=False))
    assert chip.accessibleName() == "Running · 12 d 4 h"
    assert count.accessibleName() == "Attention 3"


def test_a_chip_shows_another_state_at_once(qtbot: QtBot) -> None:
    chip = StateChip()
    _shown(qtbot, chip)
    chip.set_state("running", "Same")
    running = chip.grab().toImage()
    chip.set_state("crashed", "Same")
    assert chip.grab().toImage() != running


def test_a_tag_with_an_ampersand_keeps_it(qtbot: QtBot) -> None:
    chip = TagChip("r&d")
    qtbot.addWidget(chip)
    assert chip.text() == "r&&d"
    assert chip.tag == "r&d"


# facts


def test_facts_change_in_place(qtbot: QtBot) -> None:
    facts = Facts()
    qtbot.addWidget(facts)
    facts.set_facts([Fact("CPU", (Part("4 vCPU"), Part("host-model", "t3")))])
    before = facts.findChildren(ElidedLabel)
    facts.set_facts([Fact("CPU", (Part("8 vCPU"), Part("host-model", "t3")))])
    assert facts.findChildren(ElidedLabel) == before
    assert before[0].full_text == "8 vCPU"
    facts.set_facts([Fact("CPU", (Part("8 vCPU", link="cpu"),))])
    assert [link.full_text for link in facts.findChildren(LinkButton)] == ["8 vCPU"]


def test_a_fact_that_leads_somewhere_takes_mouse_and_keyboard(qtbot: QtBot) -> None:
    facts = Facts()
    facts.set_facts([Fact("Host", (Part("a&b", link="host:a&b"),))])
    _shown(qtbot, facts)
    (link,) = facts.findChildren(LinkButton)
    with qtbot.waitSignal(facts.link_activated) as activated:
        QTest.mouseClick(link, Qt.MouseButton.LeftButton)
    assert activated.args == ["host:a&b"]
    link.setFocus()
    with qtbot.waitSignal(facts.link_activated):
        QTest.keyClick(link, Qt.Key.Key_Space)
    assert link.text() == "a&&b"


# bars and panels


def test_a_banner_says_and_offers(qtbot: QtBot) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    assert banner.isHidden()
    said, buttons = f"{_HOSTILE} answers slowly.", [("again", "Reconnect")]
    banner.say("warn", "stale", said, "9 s old.", buttons)
    button = banner.findChild(QPushButton, "banner-again")
    banner.say(
        "warn", "stale", f"{_HOSTILE} answers slowly.", "10 s old.", [("again", "Reconnect")]
    )
    assert banner.findChild(QPushButton, "banner-again") is button
    assert banner.accessibleName().endswith("10 s old.")
    assert isinstance(button, QPushButton)
    with qtbot.waitSignal(banner.clicked) as clicked:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert clicked.args == ["again"]


def test_a_failure_is_told_in_full_and_folds_libvirts_words(qtbot: QtBot) -> None:
    panel = FailurePanel()
    failure = Failure(
        "Disk not attached", "<b>file</b> is in use.", "Nothing was changed.", "error & <i>why</i>",
        "virsh attach-disk web-01 a b",
    )  # fmt: skip
    panel.show_failure(failure, [("retry", "Try again")])
    _shown(qtbot, panel, 600)

    def words() -> set[str]:
        return {label.text() for label in panel.findChildren(QLabel) if label.isVisible()}

    assert {"Disk not attached", "<b>file</b> is in use.", "Nothing was changed."} <= words()
    assert "error & <i>why</i>" not in words()
    assert all(
        label.textFormat() == Qt.TextFormat.PlainText for label in panel.findChildren(QLabel)
    )
    fold, copy, retry = (
        panel.findChild(QPushButton, f"failure-{key}") for key in ("fold", "copy", "retry")
    )
    assert isinstance(fold, QPushButton)
    assert isinstance(copy, QPushButton)
    assert isinstance(retry, QPushButton)
    QTest.mouseClick(fold, Qt.MouseButton.LeftButton)
    assert "error & <i>why</i>" in words()
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().split("\n") == [
        "Disk not attached",
        "Why: <b>file</b> is in use.",
        "State now: Nothing was changed.",
        "Command: virsh attach-disk web-01 a b",
        "libvirt: error & <i>why</i>",
    ]
    with qtbot.waitSignal(panel.clicked) as clicked:
        QTest.mouseClick(retry, Qt.MouseButton.LeftButton)
    assert clicked.args == ["retry"]


def test_a_failure_without_libvirts_words_has_nothing_to_unfold(qtbot: QtBot) -> None:
    panel = FailurePanel()
    panel.show_failure(Failure("what", "why", "now"))
    _shown(qtbot, panel, 600)
    fold = panel.findChild(QPushButton, "failure-fold")
    assert isinstance(fold, QPushButton)
    assert not fold.isVisible()


def test_a_command_is_copied_whole_when_it_is_shown_cut(qtbot: QtBot) -> None:
    command = "virsh snapshot-create-as web-01 before --disk-only --atomic --quiesce"
    line = CommandLine(command)
    _shown(qtbot, line, 160)
    label = line.findChild(ElidedLabel)
    button = line.findChild(QToolButton, "copy-command")
    assert isinstance(label, ElidedLabel)
    assert isinstance(button, QToolButton)
    assert "…" in label.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == command


def test_an_empty_state_offers_its_one_action(qtbot: QtBot) -> None:
    state = EmptyState("camera", "No snapshots yet", "It keeps today.", action="Take snapshot")
    _shown(qtbot, state)
    with qtbot.waitSignal(state.clicked):
        QTest.mouseClick(state.button, Qt.MouseButton.LeftButton)
    bare = EmptyState("camera", "Nothing", "Nothing can be done.")
    _shown(qtbot, bare)
    assert not bare.button.isVisible()


# choices


def test_segments_are_chosen_by_mouse_and_arrows(qtbot: QtBot) -> None:
    ranges = Segmented([("60", "1 min"), ("300", "5 min"), ("900", "15 min")], "Range")
    _shown(qtbot, ranges)
    told: list[str] = []
    ranges.chosen.connect(told.append)
    ranges.choose("300")
    assert (ranges.key, told) == ("300", [])
    last = ranges.findChild(QToolButton, "segment-900")
    assert isinstance(last, QToolButton)
    QTest.mouseClick(last, Qt.MouseButton.LeftButton)
    assert (ranges.key, told) == ("900", ["900"])
    QTest.keyClick(last, Qt.Key.Key_Right)
    assert told == ["900"]
    QTest.keyClick(last, Qt.Key.Key_Left)
    assert (ranges.key, told) == ("300", ["900", "300"])
    stops = [
        b for b in ranges.findChildren(QToolButton) if b.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert [b.isChecked() for b in stops] == [True]
    with pytest.raises(ValueError, match="nosuch"):
        ranges.choose("nosuch")


def test_a_switch_shows_its_state_and_takes_space(qtbot: QtBot) -> None:
    toggle = Toggle("Freeze")
    _shown(qtbot, toggle)
    off = toggle.grab().toImage()
    QTest.keyClick(toggle, Qt.Key.Key_Space)
    assert toggle.isChecked()
    assert toggle.grab().toImage() != off


@pytest.mark.parametrize("role", ["primary", "", "danger", "flat", "link", "chip", "tag"])
def test_focus_is_seen_and_moves_nothing(qtbot: QtBot, style: Style, role: str) -> None:
    holder = QWidget()
    button, other = QPushButton("Snapshot", holder), QPushButton("other", holder)
    button.setProperty("role", role)
    qtbot.addWidget(holder)
    holder.resize(300, 100)
    other.move(0, 60)
    with qtbot.waitActive(holder):
        holder.show()
        holder.activateWindow()
    other.setFocus()
    size = button.sizeHint()
    button.resize(size)
    button.setFocus()
    assert button.sizeHint() == size
    edge = button.grab().toImage()
    ring = style.color("acc")
    middle = edge.height() // 2
    across = [edge.pixelColor(x, middle) for x in range(5)]
    assert sum(c == ring for c in across) == 2


def test_chips_go_on_in_the_next_line(qtbot: QtBot) -> None:
    holder = QWidget()
    flow = FlowLayout(holder)
    chips = [TagChip(f"tag-{n}") for n in range(6)]
    for chip in chips:
        flow.addWidget(chip)
    qtbot.addWidget(holder)
    holder.resize(200, 200)
    holder.show()
    assert len({chip.y() for chip in chips}) > 1
    assert all(chip.geometry().right() < 200 for chip in chips)
    assert flow.heightForWidth(2000) < flow.heightForWidth(200)


def test_compact_buttons_are_24_high_and_others_30(qtbot: QtBot) -> None:
    for compact, height in ((False, 30), (True, 24)):
        button = QPushButton("Reconnect")
        button.setProperty("compact", compact)
        qtbot.addWidget(button)
        assert button.sizeHint().height() == height
