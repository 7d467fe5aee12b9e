"""The query language of the tree: ``state:running tag:lab name:web* cpu:>50 -host:lab-b``.

Terms stand side by side and must all hold. A term is ``key:value`` or free text; a minus in
front turns it round; a comma in it means "or"; quotes hold spaces, commas and stars as they are
(a quote or backslash inside is written with a backslash). ``*`` stands for any characters.
Nothing depends on upper or lower case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from vmgui.insight.query_keys import KEYS, Predicate, QueryKey, Value, free_text, nearest
from vmgui.inventory.domain import Domain
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host


class QueryError(ValueError):
    """A query that means nothing; the message says why.

    ``start`` and ``end`` are where in the text, in characters from 0, ``end`` exclusive.
    """

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Term:
    """One term as it was written: ``key`` is "" for free text."""

    key: str
    values: tuple[str, ...]
    negated: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. True where it has terms; an empty one matches everything.

    ``needs_sample`` says that what matches changes with every sample.
    """

    text: str
    terms: tuple[Term, ...] = ()
    needs_sample: bool = False
    _tests: tuple[Predicate, ...] = field(default=(), repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def matches(
        self, domain: Domain, host: Host | None = None, sample: Sample | None = None
    ) -> bool:
        """Tell whether a machine is meant; a figure that is not known matches no comparison."""
        # A plain loop: this runs for each machine at each keystroke, and all() is slower.
        for test in self._tests:  # noqa: SIM110
            if not test(domain, host, sample):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Completion:
    """What could stand between ``start`` and ``end`` of the text, and what it means."""

    start: int
    end: int
    text: str
    help: str


def parse(text: str) -> Query:
    """Return the query that ``text`` means; raises `QueryError` and nothing else."""
    terms: list[Term] = []
    tests: list[Predicate] = []
    needs_sample = False
    position = 0
    while (position := _skip_space(text, position)) < len(text):
        raw = _read_term(text, position)
        key = _key_of(raw)
        term = Term(
            key.name if key else "",
            tuple(value.text for value in raw.values),
            raw.negated,
            raw.start,
            raw.end,
        )
        test = _any_of([_compile(key, raw, value) for value in raw.values])
        terms.append(term)
        tests.append(_turned(test) if raw.negated else test)
        needs_sample = needs_sample or (key is not None and key.needs_sample(term.values))
        position = raw.end
    return Query(text, tuple(terms), needs_sample, tuple(tests))


def term(key: str, value: str) -> str:
    """Return the text of the term that means exactly ``value``, quoted where it must be."""
    return f"{key}:{_quoted(value)}"


def completions(
    text: str, cursor: int, *, tags: Iterable[str] = (), hosts: Iterable[str] = ()
) -> tuple[Completion, ...]:
    """Return what could be meant by the word before ``cursor``: keys, or the values of a key.

    ``tags`` and ``hosts`` are the names that exist; they are offered in the order given.
    """
    start = cursor
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    word = text[start:cursor]
    if word.startswith("-"):
        start, word = start + 1, word[1:]
    name, colon, value = word.partition(":")
    if not colon:
        folded = name.casefold()
        return tuple(
            Completion(start, cursor, f"{key.name}:", key.help)
            for key in KEYS.values()
            if key.name.startswith(folded)
        )
    key = KEYS.get(name.casefold())
    if key is None:
        return ()
    start += len(name) + 1 + value.rfind(",") + 1
    folded = text[start:cursor].lstrip('"').casefold()
    words = {"tag": tuple(tags), "host": tuple(hosts)}.get(key.name, tuple(key.values))
    return tuple(
        Completion(start, cursor, _quoted(each), key.values.get(each, ""))
        for each in words
        if each.casefold().startswith(folded)
    )


def _quoted(value: str) -> str:
    if value and not any(c.isspace() or c in '",*' for c in value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class _Raw:
    key: str
    key_start: int
    values: tuple[Value, ...]
    negated: bool
    start: int
    end: int


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _read_term(text: str, start: int) -> _Raw:
    position = start
    negated = text[position] == "-"
    if negated:
        position += 1
    key_start = position
    while position < len(text) and (text[position].isalpha() or text[position] == "_"):
        position += 1
    key = ""
    if position > key_start and text[position : position + 1] == ":":
        key = text[key_start:position]
        position += 1
    else:
        position = key_start
    values, end = _read_values(text, position)
    if not values:
        if key:
            known = KEYS.get(key.casefold())
            like = f", like {known.example}" if known else ""
            raise QueryError(f"{key}: needs a value{like}.", start, end)
        raise QueryError("There is nothing to look for here.", start, end)
    return _Raw(key, key_start, values, negated, start, end)


def _read_values(text: str, position: int) -> tuple[tuple[Value, ...], int]:
    values: list[Value] = []
    pieces: list[tuple[str, bool]] = []
    begin = position

    def close() -> None:
        value = Value.of(pieces, begin, position)
        if value is not None:
            values.append(value)
        pieces.clear()

    while position < len(text) and not text[position].isspace():
        character = text[position]
        if character == '"':
            quoted, position = _read_quoted(text, position)
            pieces.append((quoted, True))
            continue
        if character == ",":
            close()
            begin = position + 1
        else:
            pieces.append((character, False))
        position += 1
    close()
    return tuple(values), position


def _read_quoted(text: str, start: int) -> tuple[str, int]:
    letters: list[str] = []
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == '"':
            return "".join(letters), position + 1
        if character == "\\" and position + 1 < len(text):
            position += 1
            character = text[position]
        letters.append(character)
        position += 1
    raise QueryError(f"The quote at {start + 1} is not closed.", start, len(text))


def _key_of(raw: _Raw) -> QueryKey | None:
    if not raw.key:
        return None
    key = KEYS.get(raw.key.casefold())
    if key is None:
        raise QueryError(
            f"There is no key “{raw.key}”. {nearest(raw.key, KEYS)} "
            "To look for the text itself, put it in quotes.",
            raw.key_start,
            raw.key_start + len(raw.key),
        )
    return key


def _compile(key: QueryKey | None, raw: _Raw, value: Value) -> Predicate:
    if key is None:
        return free_text(value)
    try:
        return key.compile(value)
    except ValueError as error:
        raise QueryError(str(error), value.start, value.end) from None


def _any_of(tests: list[Predicate]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def some(domain: Domain, host: Host | None, sample: Sample | None) -> bool:
        return any(test(domain, host, sample) for test in tests)

    return some


def _turned(test: Predicate) -> Predicate:
    return lambda domain, host, sample: not test(domain, host, sample)
