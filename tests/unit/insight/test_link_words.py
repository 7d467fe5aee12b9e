import pytest

from vmgui.insight.link_words import are_old, link_bar, link_chip, shown_age_s
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.key import host_key

NOW = 1000.0


def _host(link: Link) -> Host:
    return Host(host_key("qemu:///system"), "lab-a", link)


@pytest.mark.parametrize(
    ("link", "mark", "words"),
    [
        (Link(LinkState.CONNECTED, latency_s=0.003), "running", "Connected · 3 ms"),
        (Link(LinkState.CONNECTED), "running", "Connected"),
        (
            Link(LinkState.STALLED, answered_at_monotonic_s=NOW - 9),
            "stale",
            "Stalled · data 9 s old",
        ),
        (Link(LinkState.CONNECTING), "unknown", "Connecting"),
        (Link(LinkState.LOST), "crashed", "Unreachable"),
        (Link(LinkState.REFUSED), "crashed", "Refused"),
        (Link(), "off", "Not connected"),
    ],
)
def test_a_chip_says_how_a_connection_stands(link: Link, mark: str, words: str) -> None:
    assert link_chip(_host(link), NOW) == (mark, words)


@pytest.mark.parametrize(
    ("state", "answered_s", "age_s"),
    [
        (LinkState.CONNECTED, NOW - 60, None),  # figures of a slow rhythm are not old
        (LinkState.STALLED, NOW - 1, None),
        (LinkState.STALLED, NOW - 12, 12.0),
        (LinkState.LOST, NOW - 240, 240.0),
        (LinkState.LOST, None, None),
        (LinkState.REFUSED, NOW - 12, None),
    ],
)
def test_a_silent_host_shows_its_age(
    state: LinkState, answered_s: float | None, age_s: float | None
) -> None:
    assert shown_age_s(_host(Link(state, answered_at_monotonic_s=answered_s)), NOW) == age_s


@pytest.mark.parametrize(
    ("age_s", "step_s", "old"), [(2.9, 1, False), (3.1, 1, True), (70, 30, False), (80, 30, True)]
)
def test_figures_are_old_when_steps_were_missed(age_s: float, step_s: float, old: bool) -> None:
    assert are_old(age_s, step_s) is old


def test_a_good_connection_needs_no_bar() -> None:
    assert link_bar(_host(Link(LinkState.CONNECTED)), NOW) is None


@pytest.mark.parametrize(
    ("link", "strong", "detail", "buttons"),
    [
        (
            Link(LinkState.CONNECTING, waiting_for="a password", since_monotonic_s=NOW - 5),
            "Connecting to lab-a…",
            "Waiting for: a password. Since 5 s.",
            ["disconnect"],
        ),
        (
            Link(LinkState.STALLED, answered_at_monotonic_s=NOW - 9),
            "lab-a doesn't answer.",
            "What you see is 9 s old; actions go by old data and wait until it answers.",
            ["retry"],
        ),
        (
            Link(
                LinkState.LOST,
                why="The daemon ended.",
                since_monotonic_s=NOW - 40,
                retry_at_monotonic_s=NOW + 8,
            ),
            "lab-a is unreachable for 40 s.",
            "The daemon ended. Next try in 8 s.",
            ["retry"],
        ),
        (
            Link(LinkState.LOST, retry_at_monotonic_s=NOW),
            "lab-a is unreachable.",
            "Trying now.",
            ["retry"],
        ),
        (
            Link(LinkState.REFUSED, why="Wrong password.", what_to_do="Try another."),
            "lab-a can't be connected.",
            "Wrong password. Try another.",
            ["retry", "edit"],
        ),
        (Link(), "lab-a isn't connected.", "", ["retry"]),
    ],
)
def test_a_bar_says_what_is_wrong_and_the_way_out(
    link: Link, strong: str, detail: str, buttons: list[str]
) -> None:
    bar = link_bar(_host(link), NOW)
    assert bar is not None
    assert (bar.strong, bar.detail) == (strong, detail)
    assert [key for key, _title in bar.buttons] == buttons
