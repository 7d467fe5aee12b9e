"""What a host asks a person before it lets us in."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from psygnal import Signal


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing that is asked; ``text`` is the asking side's own, shown as plain text."""

    text: str
    secret: bool = False
    default: str = ""


class Question:
    """What a host asks before it lets us in, until a person answers or refuses.

    Set ``remember`` before answering to have the answer kept in the system's keyring, should it
    open the connection. ``settled`` is emitted when no answer is needed any more: answered,
    refused, or withdrawn because the attempt ended. Belongs to the loop's thread.
    """

    settled = Signal()

    def __init__(self, uri: str, prompts: Sequence[Prompt]) -> None:
        self.uri = uri
        self.prompts = tuple(prompts)
        self.remember = False
        self.outcome: Future[tuple[str, ...] | None] = Future()

    @property
    def is_open(self) -> bool:
        """Tell whether an answer is still waited for."""
        return not self.outcome.done()

    @property
    def can_be_remembered(self) -> bool:
        """Tell whether a secret is asked for."""
        return any(prompt.secret for prompt in self.prompts)

    def answer(self, values: Sequence[str]) -> None:
        """Give one value for each prompt."""
        self._settle(tuple(values))

    def refuse(self) -> None:
        """Give no answer; the attempt fails."""
        self._settle(None)

    def _settle(self, values: tuple[str, ...] | None) -> None:
        if self.is_open:
            self.outcome.set_result(values)
            self.settled.emit()


Ask = Callable[[Question], None]
"""Shows a question to a person. Called on the loop; the answer comes through the question."""
