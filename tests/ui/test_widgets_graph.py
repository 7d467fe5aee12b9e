"""Live graphs as a person sees and drives them."""

from collections.abc import Callable
from math import nan

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from vmgui.ui.style import Style
from vmgui.ui.widgets.graph import Crosshair, GraphCard, GraphEvent, SeriesSpec
from vmgui.ui.widgets.graph_paint import PlotFrame, time_labels
from vmgui.ui.widgets.graph_scale import value_scale

_NOW_S = 1_700_000_000.0
_AT_S = [_NOW_S - 300 + 2 * n for n in range(151)]
_USED = SeriesSpec("used", "used", "c1")

MakeGraph = Callable[..., GraphCard]


@pytest.fixture
def make_graph(qtbot: QtBot, style: Style) -> MakeGraph:
    """Return a maker of shown graphs, 400 by 260, one under the other."""
    made: list[GraphCard] = []

    def make(quantity: str = "percent", crosshair: Crosshair | None = None) -> GraphCard:
        card = GraphCard("CPU", quantity, crosshair)  # type: ignore[arg-type]  # given as a word
        qtbot.addWidget(card)
        card.setGeometry(0, 260 * len(made), 400, 260)
        made.append(card)
        with qtbot.waitExposed(card):
            card.show()
        return card

    return make


class _Hearer(QObject):
    """Notes the kinds of events that an object gets."""

    def __init__(self, parent: QObject, heard: list[QEvent.Type]) -> None:
        super().__init__(parent)
        self._heard = heard

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self._heard.append(event.type())
        return False


def _frame(card: GraphCard) -> PlotFrame:
    return card.plot._frame()


def _picture(card: GraphCard) -> QImage:
    return card.plot.grab().toImage()


def _has_ink(image: QImage, x: int, top: int, bottom: int, color: QColor) -> bool:
    """Say whether a column holds a pixel of nearly a colour."""
    for y in range(top, bottom):
        there = image.pixelColor(x, y)
        off = (
            abs(there.red() - color.red())
            + abs(there.green() - color.green())
            + abs(there.blue() - color.blue())
        )
        if off < 60:
            return True
    return False


def test_a_graph_without_data_says_so_and_shows_no_figure(make_graph: MakeGraph) -> None:
    card = make_graph()
    card.set_series([_USED])
    assert card._figure.text() == "—"
    empty = _picture(card)
    card.set_data(_AT_S, {"used": [nan] * 151}, _NOW_S)
    assert _picture(card) == empty
    card.set_data(_AT_S, {"used": [40.0] * 151}, _NOW_S)
    assert _picture(card) != empty


def test_a_message_takes_the_place_of_the_lines(make_graph: MakeGraph, style: Style) -> None:
    card = make_graph()
    card.set_series([_USED])
    card.set_data(_AT_S, {"used": [40.0] * 151}, _NOW_S)
    frame = _frame(card)
    middle = int(frame.rect.center().x())
    span = (int(frame.rect.top()) + 4, int(frame.rect.bottom()) - 4)
    assert _has_ink(_picture(card), middle + 20, *span, style.color("c1"))
    card.set_message("not visible over this connection")
    assert not _has_ink(_picture(card), middle + 20, *span, style.color("c1"))


def test_a_gap_stays_a_gap(make_graph: MakeGraph, style: Style) -> None:
    card = make_graph()
    card.set_series([_USED])
    values = [50.0] * 151
    values[70:90] = [nan] * 20
    card.set_data(_AT_S, {"used": values}, _NOW_S)
    frame, image = _frame(card), _picture(card)
    span = (int(frame.rect.top()) + 4, int(frame.rect.bottom()) - 4)
    inked = [
        _has_ink(image, int(frame.x(_AT_S[n])), *span, style.color("c1")) for n in (60, 80, 100)
    ]
    assert inked == [True, False, True]
    assert card.plot.values_at(-300 + 160.0) == {}
    assert card.plot.readout(-300 + 160.0)[1:] == ["not measured"]


def test_samples_that_never_came_are_a_gap_too(make_graph: MakeGraph) -> None:
    card = make_graph()
    card.set_series([_USED])
    some = _AT_S[:50] + _AT_S[100:]
    card.set_data(some, {"used": [50.0] * len(some)}, _NOW_S)
    assert [len(run) for run in card.plot.runs["used"]] == [50, 51]


def test_a_mirrored_graph_is_labelled_positive_and_drawn_downward(
    make_graph: MakeGraph, style: Style
) -> None:
    card = make_graph("disk")
    card.set_series(
        [SeriesSpec("in", "read", "c1"), SeriesSpec("out", "written", "c2", mirror=True)]
    )
    card.set_data(_AT_S, {"in": [80e6] * 151, "out": [90e6] * 151}, _NOW_S)
    labels = [tick.label for tick in card.plot.scale.ticks]
    assert labels == ["100", "50", "0", "50", "100 MB/s"]
    frame, image = _frame(card), _picture(card)
    x, zero = int(frame.rect.center().x()), int(frame.y(0))
    assert _has_ink(image, x, int(frame.rect.top()), zero, style.color("c1"))
    assert not _has_ink(image, x, int(frame.rect.top()), zero, style.color("c2"))
    assert _has_ink(image, x, zero, int(frame.rect.bottom()), style.color("c2"))
    assert card.plot.readout(-100)[1:] == ["read 80 MB/s", "written 90 MB/s"]


def test_the_crosshair_dots_the_lines_where_they_are_drawn(
    make_graph: MakeGraph, style: Style
) -> None:
    shared = Crosshair()
    card = make_graph("disk", shared)
    card.set_series([SeriesSpec("out", "written", "c2", mirror=True)])
    card.set_data(_AT_S, {"out": [50e6] * 151}, _NOW_S)
    frame = _frame(card)
    shared.point_at(-100)
    image = _picture(card)

    def height_of_ink(value: float) -> int:
        x, y = int(frame.x(_NOW_S - 100)), int(frame.y(value))
        return sum(image.pixelColor(x, y + dy) == style.color("c2") for dy in range(-5, 6))

    assert height_of_ink(-50e6) >= 4  # a line alone is two pixels high
    assert height_of_ink(50e6) == 0


def test_a_moved_crosshair_has_every_graph_painted_anew(
    make_graph: MakeGraph, qtbot: QtBot
) -> None:
    shared = Crosshair()
    card = make_graph("percent", shared)
    QApplication.processEvents()
    painted: list[QEvent.Type] = []
    hear = _Hearer(card.plot, painted)
    card.plot.installEventFilter(hear)
    shared.point_at(-10)
    qtbot.waitUntil(lambda: QEvent.Type.Paint in painted)


def test_the_axis_of_memory_reaches_over_the_limit(make_graph: MakeGraph) -> None:
    card = make_graph("memory")
    card.set_series([_USED])
    card.set_limit(8 * 2**30)
    card.set_data(_AT_S, {"used": [2.0**30] * 151}, _NOW_S)
    assert card.plot.scale.high > 8 * 2**30
    card.set_limit(None)
    assert card.plot.scale.high < 2 * 2**30


def test_pointing_at_one_graph_points_at_all_that_share_the_crosshair(
    make_graph: MakeGraph,
) -> None:
    shared = Crosshair()
    one, two = make_graph("percent", shared), make_graph("percent", shared)
    alone = make_graph()
    for card in (one, two, alone):
        card.set_series([_USED])
        card.set_data(_AT_S, {"used": [50.0] * 151}, _NOW_S)
    place = _frame(one).rect.center().toPoint()
    QTest.mouseMove(one.plot, place)
    assert shared.at_s == pytest.approx(-150, abs=2)
    QTest.mouseMove(one.plot, QPoint(1, 1))
    assert shared.at_s is None
    before = [_picture(card) for card in (one, two, alone)]
    shared.point_at(-150)
    after = [_picture(card) for card in (one, two, alone)]
    assert [a != b for a, b in zip(after, before, strict=True)] == [True, True, False]


def test_the_crosshair_says_the_time_of_day_first(make_graph: MakeGraph) -> None:
    card = make_graph()
    card.set_series([_USED, SeriesSpec("steal", "steal", "c2", "line")])
    card.set_data(_AT_S, {"used": [56.0] * 151, "steal": [0.42] * 151}, _NOW_S)
    clock, *said = card.plot.readout(-10)
    assert clock.count(":") == 2
    assert said == ["used 56 %", "steal 0.42 %"]


def test_the_keyboard_walks_samples_and_events(make_graph: MakeGraph, qtbot: QtBot) -> None:
    shared = Crosshair()
    card = make_graph("percent", shared)
    card.set_series([_USED])
    card.set_data(_AT_S, {"used": [50.0] * 151}, _NOW_S)
    card.set_events([GraphEvent("snap", _NOW_S - 60, "camera", "Snapshot")])
    card.plot.setFocus()
    QTest.keyClick(card.plot, Qt.Key.Key_Left)
    QTest.keyClick(card.plot, Qt.Key.Key_Left)
    assert shared.at_s == -4
    QTest.keyClick(card.plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert shared.at_s == pytest.approx(-60)
    with qtbot.waitSignal(card.event_clicked) as clicked:
        QTest.keyClick(card.plot, Qt.Key.Key_Return)
    assert clicked.args == ["snap"]
    QTest.keyClick(card.plot, Qt.Key.Key_Home)
    assert shared.at_s == -300
    QTest.keyClick(card.plot, Qt.Key.Key_Escape)
    assert shared.at_s is None


def test_a_click_on_a_mark_tells_which(make_graph: MakeGraph, qtbot: QtBot, style: Style) -> None:
    card = make_graph()
    card.set_series([_USED])
    events = [
        GraphEvent("old", _NOW_S - 4000, "camera", "left of the window"),
        GraphEvent("b", _NOW_S - 200, "arrows-in-line-vertical", "Balloon"),
        GraphEvent("s", _NOW_S - 60, "camera", "Snapshot <i>s</i>"),
    ]
    card.set_data(_AT_S, {"used": [50.0] * 151}, _NOW_S)
    card.set_events(events)
    with qtbot.waitSignal(card.event_clicked) as clicked:
        spot = _frame(card).event_rect(events[2], style.px(18)).center().toPoint()
        QTest.mouseClick(card.plot, Qt.MouseButton.LeftButton, pos=spot)
    assert clicked.args == ["s"]
    QTest.mouseMove(card.plot, spot)
    assert card.plot.toolTip() == "Snapshot <i>s</i>"
    QTest.mouseMove(card.plot, spot + QPoint(0, 80))
    assert card.plot.toolTip() == ""
    before = _picture(card)
    card.highlight_event("b")
    assert _picture(card) != before


def test_a_frozen_graph_stands_until_it_is_let_go(make_graph: MakeGraph) -> None:
    card = make_graph()
    card.set_series([_USED])
    card.set_data(_AT_S, {"used": [50.0] * 151}, _NOW_S)
    card.set_frozen(True)
    frozen = _picture(card)
    later = [at + 100 for at in _AT_S]
    card.set_data(later, {"used": [10.0] * 151}, _NOW_S + 100)
    assert _picture(card) == frozen
    assert card.plot.values_at(0) == {"used": 50.0}
    card.set_frozen(False)
    assert card.plot.values_at(0) == {"used": 10.0}


def test_a_switch_of_scheme_paints_the_plot_anew(make_graph: MakeGraph, style: Style) -> None:
    card = make_graph()
    card.set_series([_USED])
    card.set_data(_AT_S, {"used": [90.0] * 151}, _NOW_S)
    for scheme in ("light", "dark"):
        style.set_scheme(scheme)
        frame, image = _frame(card), _picture(card)
        spot = QPointF(frame.rect.left() + 12, frame.rect.top() + 5).toPoint()
        assert image.pixelColor(spot) == style.color("sunk")
        x = int(frame.rect.center().x())
        span = (int(frame.rect.top()) + 4, int(frame.rect.bottom()) - 4)
        assert _has_ink(image, x, *span, style.color("c1"))


def test_presenter_scale_makes_the_axis_larger(make_graph: MakeGraph, style: Style) -> None:
    card = make_graph()
    card.set_series([_USED])
    card.set_data(_AT_S, {"used": [50.0] * 151}, _NOW_S)
    narrow = _frame(card).rect.left()
    style.set_factor(2.0)
    assert _frame(card).rect.left() > 1.5 * narrow
    style.set_factor(1.0)
    assert _frame(card).rect.left() == narrow


def test_the_plot_does_not_jump_sideways_when_labels_get_shorter(make_graph: MakeGraph) -> None:
    card = make_graph("network")
    card.set_series([_USED])
    card.set_data(_AT_S, {"used": [9e9] * 151}, _NOW_S)
    left = _frame(card).rect.left()
    card.set_data(_AT_S, {"used": [1e6] * 151}, _NOW_S)
    assert _frame(card).rect.left() == left


@pytest.mark.parametrize(
    ("width_px", "clock", "said"),
    [
        (300, "", ["−5 min", "−4", "−3", "−2", "−1", "now"]),
        (150, "", ["−5 min", "−3", "−2", "now"]),
        (300, "14:32:08", ["−5 min", "−4", "−3", "−2", "14:32:08"]),
        (40, "", ["−5 min", "now"]),
    ],
)
def test_labels_of_the_time_axis_never_touch(width_px: int, clock: str, said: list[str]) -> None:
    scale = value_scale("percent", 0, 0, mirrored=False)
    frame = PlotFrame(QRectF(40, 0, width_px, 100), 0.0, 300.0, scale, 1.0)
    labels = time_labels(frame, lambda text: 7.0 * len(text), clock)
    assert [text for _, text in labels] == said
    assert labels[0][0] == 40
    assert labels[-1][0] + 7 * len(labels[-1][1]) == 40 + width_px


def test_a_reader_hears_title_figure_and_caption(make_graph: MakeGraph) -> None:
    card = make_graph()
    card.set_figure("38 %", "of 4 vCPU")
    assert card.plot.accessibleName() == "CPU"
    assert card.plot.accessibleDescription() == "38 % of 4 vCPU"
    card.set_figure("")
    assert card._figure.text() == "—"
