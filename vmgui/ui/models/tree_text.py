"""What a row of the tree says: names, counts, figures, and the row in words."""

from collections.abc import Sequence
from math import nan
from time import monotonic
from typing import Protocol

from vmgui.insight.amounts import duration
from vmgui.insight.attention import HANGS
from vmgui.insight.link_words import shown_age_s
from vmgui.inventory.domain import DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import LinkState
from vmgui.inventory.key import Key, host_key
from vmgui.ui.models.tree_nodes import Node
from vmgui.ui.widgets.text import one_line, plain_tooltip

TREND_POINTS = 60
"""How many values five minutes have."""


class Figures(Protocol):
    """Where the live figures are read when a row is painted."""

    def latest(self, key: Key) -> Sample | None:
        """Return the newest sample of a machine or host."""
        ...

    def recent_cpu(self, key: Key) -> Sequence[float]:
        """Return the last five minutes of CPU, 0 to 1, NaN for gaps."""
        ...


class _Counts(Protocol):
    @property
    def hosts(self) -> int: ...

    @property
    def is_filtered(self) -> bool: ...


class RowText:
    """Puts a node into words and figures."""

    def __init__(self, figures: Figures, counts: _Counts) -> None:
        self._figures = figures
        self._counts = counts

    def count(self, node: Node) -> str:
        """Return what stands after a group's name: machines on of all, or matching of all."""
        filtered = self._counts.is_filtered
        if node.kind == "machine" or (node.kind == "host" and node.host is None):
            return ""
        if node.kind == "all" and not filtered:
            return f"{self._counts.hosts} host{'' if self._counts.hosts == 1 else 's'}"
        if not filtered:
            return f"{node.active}/{node.total}"
        return str(node.matching) if node.kind == "tag" else f"{node.matching}/{node.total}"

    def now(self, node: Node) -> str:
        """Return the figure of the moment, or the state in a word."""
        if (word := _word(node)) is not None:
            return word
        sample = self._figures.latest(_key(node))
        if sample is None or sample.cpu_ratio is None:
            return ""
        return f"{sample.cpu_ratio * 100:.0f} %"

    def trend(self, node: Node) -> Sequence[float]:
        """Return the last five minutes of CPU of a running machine or a connected host."""
        shown = (
            node.host is not None
            if node.kind == "host"
            else node.kind == "machine" and node.state() is DomainState.RUNNING
        )
        recent = self._figures.recent_cpu(_key(node)) if shown else ()
        # What is younger than five minutes stands at the right end, where "now" is.
        missing = TREND_POINTS - len(recent)
        return [*[nan] * missing, *recent] if recent and missing > 0 else recent

    def spoken(self, node: Node) -> str:
        """Return the row in words, for who cannot see it."""
        if node.kind == "machine":
            parts = [node.name, node.state().value]
            if node.hangs():
                parts.append("hangs, its QEMU process doesn't answer")
            elif node.state() is DomainState.RUNNING and (now := self.now(node)):
                parts.append(f"CPU {now}")
            if not node.is_fresh():
                parts.append("data is old")
        elif node.kind == "host" and node.host is not None:
            silence = _silence(node)
            parts = [f"host {node.name}", node.host.link.state.value, silence, self.count(node)]
        else:
            parts = [f"tag {node.name}" if node.kind == "tag" else node.name, self.count(node)]
        return ", ".join(part for part in parts if part)

    def tooltip(self, node: Node) -> str:
        """Return the whole name and what the row has no place for."""
        lines = [node.name]
        if node.domain is not None:
            lines += [node.domain.title, node.state().value, ", ".join(node.domain.tags)]
            lines += [HANGS] if node.hangs() else []
        elif node.host is not None:
            link = node.host.link
            lines += [node.host.key.host, link.state.value, _silence(node)]
            lines += [link.waiting_for, link.why]
        return plain_tooltip("\n".join(one_line(line) for line in lines if line))


def _word(node: Node) -> str | None:
    """Return what stands in place of a figure; None where a figure is to be shown."""
    if node.kind == "machine":
        if node.hangs():
            return "hangs"
        return None if (state := node.state()) is DomainState.RUNNING else state.value
    if node.kind != "host" or node.host is None:
        return ""
    if (age := _age(node)) is not None:
        return f"{age} old"
    link_state = node.host.link.state
    return None if link_state in (LinkState.CONNECTED, LinkState.STALLED) else link_state.value


def _age(node: Node) -> str | None:
    age_s = None if node.host is None else shown_age_s(node.host, monotonic())
    return None if age_s is None else duration(age_s)


def _silence(node: Node) -> str:
    age = _age(node)
    return "" if age is None else f"no answer for {age}"


def _key(node: Node) -> Key:
    return node.domain.key if node.domain is not None else host_key(node.address[1])
