"""Finding what is meant by a few letters: the ranking of the command palette.

Each word of the search must be found in a text; how well is told by where. In falling order: the
text is the word, begins with it, has a word that begins with it, holds it, has its letters as
the beginnings of words or in a row with gaps. Shorter texts win among equals.
"""

import heapq
import re
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

_WORD_START = re.compile(r"(?<![^\W_])[^\W_]")


def score(search: str, text: str) -> float | None:
    """Return how well ``text`` fits, the higher the better, or None where it doesn't.

    Both are compared without upper and lower case. An empty search fits everything alike.
    """
    return _score(search.casefold().split(), text.casefold())


def rank(search: str, candidates: Iterable[tuple[str, T]], limit: int = 50) -> list[T]:
    """Return what fits best, the best first; equals stay in the order in which they came."""
    words = search.casefold().split()
    found: list[tuple[float, int, T]] = []
    for index, (text, thing) in enumerate(candidates):
        value = _score(words, text.casefold())
        if value is not None:
            found.append((-value, index, thing))
    return [thing for _, _, thing in heapq.nsmallest(limit, found, key=lambda each: each[:2])]


def positions(search: str, text: str) -> tuple[int, ...]:
    """Return which letters of ``text`` were meant, so that they can be marked.

    Empty where the text doesn't fit, or where folding changed its length.
    """
    folded = text.casefold()
    if len(folded) != len(text):
        return ()
    marked: set[int] = set()
    for word in search.casefold().split():
        start = _best_start(word, folded)
        if start >= 0:
            marked.update(range(start, start + len(word)))
            continue
        letters = _subsequence(word, folded)
        if letters is None:
            return ()
        marked.update(letters)
    return tuple(sorted(marked))


def _score(words: list[str], text: str) -> float | None:
    total = 0.0
    for word in words:
        value = _word_score(word, text)
        if value is None:
            return None
        total += value
    return total - len(text) / 1000


def _word_score(word: str, text: str) -> float | None:
    start = _best_start(word, text)
    if start == 0:
        return 100.0 if len(word) == len(text) else 90.0
    if start > 0:
        return 75.0 if _begins_word(text, start) else 50.0
    letters = _subsequence(word, text)
    if letters is None:
        return None
    beginnings = sum(_begins_word(text, place) for place in letters)
    spread = letters[-1] - letters[0] + 1 - len(letters)
    if spread > 3 * len(word) and beginnings < len(word):
        return None  # letters strewn over a long text are chance
    return 10.0 + 20.0 * beginnings / len(letters) - min(spread, 50) / 10


def _best_start(word: str, text: str) -> int:
    first = start = text.find(word)
    while start > 0 and not _begins_word(text, start):
        start = text.find(word, start + 1)
    return first if start < 0 else start


def _begins_word(text: str, place: int) -> bool:
    return place == 0 or not text[place - 1].isalnum()


def _subsequence(word: str, text: str) -> list[int] | None:
    """Return where the letters stand: at beginnings of words where all do, else the first."""
    starts = [match.start() for match in _WORD_START.finditer(text)]
    return _among(word, text, starts) or _among(word, text, range(len(text)))


def _among(word: str, text: str, places: Iterable[int]) -> list[int] | None:
    found: list[int] = []
    for place in places:
        if text[place] == word[len(found)]:
            found.append(place)
            if len(found) == len(word):
                return found
    return None
