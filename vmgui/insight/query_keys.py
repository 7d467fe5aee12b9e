"""What each key of a query compares, and how its values are read."""

import difflib
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from vmgui.insight.attention import attention
from vmgui.inventory.domain import AgentState, Domain, DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host

Predicate = Callable[[Domain, Host | None, Sample | None], bool]
Reader = Callable[[Domain, Host | None, Sample | None], float | None]


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a term: ``text`` as it was meant, ``parts`` of it between the stars.

    A value without a star has one part. Parts are case-folded. ``start`` and ``end`` say where
    it stood.
    """

    text: str
    parts: tuple[str, ...]
    start: int
    end: int

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, bool]], start: int, end: int) -> "Value | None":
        """Put a value together from pieces of text, each quoted or not; None where empty."""
        parts = [""]
        text = ""
        was_quoted = False
        for piece, quoted in pieces:
            text += piece
            was_quoted = was_quoted or quoted
            if piece == "*" and not quoted:
                parts.append("")
            else:
                parts[-1] += piece
        if not text and not was_quoted:
            return None
        return cls(text, tuple(part.casefold() for part in parts), start, end)

    @property
    def has_star(self) -> bool:
        """Tell whether a star stands in it."""
        return len(self.parts) > 1

    def whole(self) -> Callable[[str], bool]:
        """Return the test whether a case-folded text is this value, stars standing for any."""
        if not self.has_star:
            return self.parts[0].__eq__
        first, *middle, last = self.parts

        def test(text: str) -> bool:
            # One search a part keeps it linear; a regular expression would not be.
            if not text.startswith(first):
                return False
            position = len(first)
            for part in middle:
                found = text.find(part, position)
                if found < 0:
                    return False
                position = found + len(part)
            return len(text) - position >= len(last) and text.endswith(last)

        return test

    def within(self) -> Callable[[str], bool]:
        """Return the test whether a case-folded text holds it; with a star, whether it is it."""
        if self.has_star:
            return self.whole()
        needle = self.parts[0]
        return lambda text: needle in text


@dataclass(frozen=True, slots=True)
class QueryKey:
    """A key: its name, what it means, an example, and how a value of it becomes a test.

    ``values`` are the words that it takes, with their meaning, where it takes no others.
    ``compile`` raises ValueError with a sentence where a value means nothing.
    """

    name: str
    help: str
    example: str
    compile: Callable[[Value], Predicate]
    values: Mapping[str, str] = field(default_factory=dict)
    live_values: frozenset[str] | None = frozenset()

    def needs_sample(self, values: Iterable[str]) -> bool:
        """Tell whether a test of these values looks at the figures of now."""
        live = self.live_values
        return live is None or any(value.casefold() in live for value in values)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the sentence that names what ``word`` was probably meant to be."""
    names = sorted(known)
    close = difflib.get_close_matches(word.casefold(), names, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known are {', '.join(names)}."


def free_text(value: Value) -> Predicate:
    """Return the test for text without a key: name, title, tags, description, host, IP, UUID."""
    test = value.within()
    is_long = len(value.text) >= 8  # "db" is in every tenth UUID, and nobody means that
    is_address = "." in value.text or ":" in value.text

    def found(domain: Domain, host: Host | None, _sample: Sample | None) -> bool:
        return (
            test(domain.name.casefold())
            or (bool(domain.title) and test(domain.title.casefold()))
            or (bool(domain.tags) and any(test(tag.casefold()) for tag in domain.tags))
            or (bool(domain.description) and test(domain.description.casefold()))
            or (is_long and test(domain.uuid))
            or (is_address and any(test(a) for i in domain.interfaces for a in i.addresses))
            or (host is not None and test(host.name.casefold()))
        )

    return found


def _text(
    read: Callable[[Domain, Host | None], str], *, whole: bool
) -> Callable[[Value], Predicate]:
    def compile_value(value: Value) -> Predicate:
        test = value.whole() if whole else value.within()
        return lambda domain, host, _sample: test(read(domain, host).casefold())

    return compile_value


def _texts(
    read: Callable[[Domain, Host | None], Iterable[str]],
) -> Callable[[Value], Predicate]:
    def compile_value(value: Value) -> Predicate:
        test = value.whole()
        return lambda domain, host, _sample: any(
            test(each.casefold()) for each in read(domain, host)
        )

    return compile_value


def _about(figure: float, limit: float) -> bool:
    return round(figure) == limit


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": _about,
}


def _split(text: str) -> tuple[Callable[[float, float], bool], str]:
    for sign, compare in _OPERATORS.items():
        if text.startswith(sign):
            return compare, text[len(sign) :].strip()
    return _about, text.strip()


def _number(text: str) -> float | None:
    # float() also takes "1_0", "nan" and "inf", which nobody means here.
    if not text or not all(c in "0123456789." for c in text):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _compared(name: str, example: str, unit: str, read: Reader) -> Callable[[Value], Predicate]:
    def compile_value(value: Value) -> Predicate:
        compare, text = _split(value.text)
        limit = _number(text.removesuffix(unit).rstrip() if unit else text)
        if limit is None:
            raise ValueError(f"{name}: takes a number like {example}, not “{value.text}”.")

        def test(domain: Domain, host: Host | None, sample: Sample | None) -> bool:
            figure = read(domain, host, sample)
            return figure is not None and compare(figure, limit)

        return test

    return compile_value


_BYTES = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def _memory(value: Value) -> Predicate:
    compare, text = _split(value.text)
    folded = text.casefold().removesuffix("b").removesuffix("i")
    factor = _BYTES.get(folded[-1:])
    limit = _number(folded[:-1].rstrip() if factor else folded.removesuffix("%").rstrip())
    if limit is None:
        raise ValueError(
            f"mem: takes a share in per cent or an amount, like mem:>80 or mem:>4GiB, "
            f"not “{value.text}”."
        )

    def amount(_domain: Domain, _host: Host | None, sample: Sample | None) -> bool:
        used = sample.memory_used_bytes if sample else None
        return used is not None and compare(used / (factor or 1), limit)

    def share(_domain: Domain, _host: Host | None, sample: Sample | None) -> bool:
        used = sample.memory_used_bytes if sample else None
        granted = sample.memory_granted_bytes if sample else None
        return used is not None and bool(granted) and compare(used / (granted or 1) * 100, limit)

    return amount if factor else share


def _state(value: Value) -> Predicate:
    test = value.whole()
    wanted = frozenset(
        state for state in DomainState if test(state.value) or test(state.value.replace(" ", "-"))
    )
    if not wanted:
        raise ValueError(f"There is no state “{value.text}”. {nearest(value.text, _STATES)}")
    return lambda domain, _host, _sample: domain.state in wanted


_STATES = {state.value.replace(" ", "-"): "" for state in DomainState}

_IS: dict[str, tuple[str, Predicate]] = {
    "active": ("has a hypervisor process", lambda d, _h, _s: d.state.is_active),
    "attention": ("wants a look", lambda d, h, s: attention(d, h, s) is not None),
    "autostart": ("starts with its host", lambda d, _h, _s: d.autostart),
    "clone": ("reads a template's disks", lambda d, _h, _s: bool(d.clone_of)),
    "hung": ("its QEMU process doesn't answer", lambda d, _h, _s: d.hangs),
    "persistent": ("has a saved definition", lambda d, _h, _s: d.persistent),
    "saved": ("has a saved state", lambda d, _h, _s: d.has_managed_save),
    "stale": (
        "what is shown may be old",
        lambda d, h, _s: d.hangs or (h is not None and not h.link.state.is_fresh),
    ),
    "tagged": ("has a tag", lambda d, _h, _s: bool(d.tags)),
    "template": ("is only cloned", lambda d, _h, _s: d.is_template),
    "transient": ("vanishes when it stops", lambda d, _h, _s: not d.persistent),
}


def _is(value: Value) -> Predicate:
    found = _IS.get(value.text.casefold())
    if found is None:
        raise ValueError(f"is: doesn't know “{value.text}”. {nearest(value.text, _IS)}")
    return found[1]


def _agent(value: Value) -> Predicate:
    test = value.whole()
    wanted = frozenset(state for state in AgentState if test(state.value))
    if not wanted:
        raise ValueError(
            f"agent: doesn't know “{value.text}”. {nearest(value.text, map(str, AgentState))}"
        )
    return lambda domain, _host, _sample: domain.agent in wanted


def _host_names(_domain: Domain, host: Host | None) -> tuple[str, ...]:
    return () if host is None else (host.name, host.hostname, host.key.host)


def _percent(name: str) -> Reader:
    def read(_domain: Domain, _host: Host | None, sample: Sample | None) -> float | None:
        ratio = getattr(sample, name, None)
        return None if ratio is None else round(ratio * 100, 3)  # 0.56 * 100 is above 56

    return read


def _sum(first: str, second: str, unit: float) -> Reader:
    def read(_domain: Domain, _host: Host | None, sample: Sample | None) -> float | None:
        figures = [getattr(sample, name, None) for name in (first, second)]
        known = [figure for figure in figures if figure is not None]
        return sum(known) / unit if known else None

    return read


def _live(name: str, help_text: str, example: str, unit: str, read: Reader) -> QueryKey:
    compile_value = _compared(name, example, unit, read)
    return QueryKey(name, help_text, example, compile_value, live_values=None)


KEYS: dict[str, QueryKey] = {
    key.name: key
    for key in (
        QueryKey("state", "what it does now", "state:running", _state, _STATES),
        QueryKey("tag", "one of its tags", "tag:lab", _texts(lambda d, _h: d.tags)),
        QueryKey("name", "its name", "name:web*", _text(lambda d, _h: d.name, whole=False)),
        QueryKey("title", "its title", "title:shop", _text(lambda d, _h: d.title, whole=False)),
        QueryKey(
            "description",
            "its description",
            "description:owner",
            _text(lambda d, _h: d.description, whole=False),
        ),
        QueryKey("host", "the host it is on", "host:lab-a", _texts(_host_names)),
        _live("cpu", "busy share of its CPUs, in per cent", "cpu:>50", "%", _percent("cpu_ratio")),
        QueryKey(
            "mem",
            "used memory, in per cent of what it has, or in GiB",
            "mem:>80",
            _memory,
            live_values=None,
        ),
        _live(
            "disk",
            "read and written, in MB/s",
            "disk:>10",
            "",
            _sum("disk_read_bytes_per_s", "disk_written_bytes_per_s", 1e6),
        ),
        _live(
            "net",
            "received and sent, in Mb/s",
            "net:>100",
            "",
            _sum("net_received_bits_per_s", "net_sent_bits_per_s", 1e6),
        ),
        QueryKey(
            "vcpu",
            "number of its CPUs",
            "vcpu:>=4",
            _compared("vcpu", "vcpu:>=4", "", lambda d, _h, _s: d.vcpus),
        ),
        QueryKey(
            "snapshots",
            "number of its snapshots",
            "snapshots:>0",
            _compared("snapshots", "snapshots:>0", "", lambda d, _h, _s: d.snapshot_count),
        ),
        QueryKey(
            "is",
            "what holds of it",
            "is:autostart",
            _is,
            {name: meaning for name, (meaning, _test) in _IS.items()},
            live_values=frozenset({"attention"}),
        ),
        QueryKey("os", "its system", "os:debian*", _text(lambda d, _h: d.os_name, whole=False)),
        QueryKey(
            "network",
            "a network or bridge that it is on",
            "network:default",
            _texts(lambda d, _h: (i.source for i in d.interfaces)),
        ),
        QueryKey(
            "mac",
            "one of its MAC addresses",
            "mac:52:54:00:*",
            _texts(lambda d, _h: (i.mac for i in d.interfaces)),
        ),
        QueryKey(
            "ip",
            "one of its IP addresses",
            "ip:192.168.122.*",
            _texts(lambda d, _h: (a for i in d.interfaces for a in i.addresses)),
        ),
        QueryKey(
            "agent",
            "whether its guest agent answers",
            "agent:connected",
            _agent,
            {state.value: "" for state in AgentState},
        ),
        QueryKey("uuid", "its UUID", "uuid:6b*", _text(lambda d, _h: d.uuid, whole=True)),
    )
}
"""Every key there is, by its name."""
