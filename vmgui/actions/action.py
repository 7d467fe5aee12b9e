"""An action: declared once, for menu, palette, command line, journal and tests."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.changes import Record
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host, LinkState
from vmgui.inventory.key import Kind

if TYPE_CHECKING:
    from vmgui.actions.work import Planning, Work

R = TypeVar("R", bound=Record)

Value = str | bool | int | tuple[str, ...] | None
"""What an argument can be; None stands for "leave it as it is"."""


class Danger(StrEnum):
    """What an action may cost."""

    NONE = "none"
    INTERRUPTS = "interrupts"  # the guest's work is interrupted, or unsaved work is lost
    DESTROYS = "destroys"  # something is gone for good


class ArgumentType(StrEnum):
    """How an argument is asked for."""

    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"
    LIST = "list"
    NUMBER = "number"


class WrongArgument(ValueError):
    """An argument that the action does not know, or a value that does not fit."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of an action.

    ``positional`` ones follow the machine's name on the command line. ``required`` ones have no
    default.
    """

    name: str
    type: ArgumentType
    help: str
    default: Value = None
    choices: tuple[str, ...] = ()
    required: bool = False
    positional: bool = False

    def check(self, value: object) -> Value:
        """Return ``value`` if it fits; raises WrongArgument with the reason if it does not."""
        if value is None and not self.required and self.default is None:
            return None
        match self.type, value:
            case ArgumentType.FLAG, bool():
                return value
            case ArgumentType.NUMBER, int() if not isinstance(value, bool):
                return value
            case ArgumentType.LIST, tuple() | list() if all(isinstance(v, str) for v in value):
                return tuple(value)
            case ArgumentType.TEXT | ArgumentType.CHOICE, str():
                return self._check_text(value)
        raise WrongArgument(f"{self.name} can't be {value!r}.")

    def _check_text(self, text: str) -> str:
        if self.choices and text not in self.choices:
            raise WrongArgument(f"{self.name} is one of {', '.join(self.choices)}.")
        if self.required and not text.strip():
            raise WrongArgument(f"{self.name} can't be empty.")
        return text


class Values(Mapping[str, Value]):
    """The checked arguments of one call of an action, with a getter for each type."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str) -> str:
        """Return a text that is never left out."""
        value = self._values[name]
        assert isinstance(value, str)
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a text, or None where it was left out."""
        return None if self._values[name] is None else self.text(name)

    def flag(self, name: str) -> bool:
        """Return a flag."""
        value = self._values[name]
        assert isinstance(value, bool)
        return value

    def number(self, name: str) -> int:
        """Return a whole number that is never left out."""
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list that is never left out."""
        value = self._values[name]
        assert isinstance(value, tuple)
        return value

    def maybe_texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list, or None where it was left out."""
        return None if self._values[name] is None else self.texts(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Generic[R]):
    """What can be done with one kind of object.

    ``consequence`` is the sentence that a confirmation shows: what goes and what stays.
    ``refuse`` tells in a sentence why the object's own state forbids it, "" where it does not.
    ``render`` gives the virsh lines and ``carry_out`` does it; ``many`` tells whether it is
    offered for several objects at once. ``plan``, where there is one, reads afresh what it would
    touch and says what it would do: the runner makes it again before ``carry_out``, refuses where
    it refuses, and hands it on as ``work.plan``.
    Of those with a plan, and of those that say ``alone``, one at a time works on a machine.

    Templates must not change, since linked clones read their disks: only an action that says
    ``on_templates`` is done to one, or to a snapshot of one.

    One that ``steers`` a job that is under way doesn't wait for others of its host to end.
    """

    id: str
    title: str
    help: str
    icon: str
    target: Kind
    refuse: Callable[[R], str]
    render: Callable[[R, Values], tuple[str, ...]]
    carry_out: Callable[["Work[R]"], Awaitable[None]]
    plan: Callable[["Planning[R]"], Awaitable[FilePlan]] | None = None
    danger: Danger = Danger.NONE
    consequence: str = ""
    arguments: tuple[Argument, ...] = ()
    many: bool = True
    on_templates: bool = False
    alone: bool = False
    steers: bool = False

    def check(self, arguments: Mapping[str, object]) -> Values:
        """Return the arguments with their defaults; raises WrongArgument."""
        known = {argument.name: argument for argument in self.arguments}
        if stray := sorted(arguments.keys() - known.keys()):
            raise WrongArgument(f"{self.id} has no argument {', '.join(stray)}.")
        return Values(
            {
                name: argument.check(arguments.get(name, argument.default))
                for name, argument in known.items()
            }
        )

    def refusal(self, record: R, host: Host) -> str:
        """Tell in a sentence why it can't be done now; "" where it can."""
        machine = record if isinstance(record, Domain) else None
        return self.unreachable(host) or self.spare(machine) or self.refuse(record)

    def spare(self, machine: Domain | None) -> str:
        """Tell in a sentence why a template is spared this; "" for what is none."""
        if machine is None or self.on_templates or not machine.is_template:
            return ""
        return f"{machine.name} is a template, which linked clones may read: release it first."

    def unreachable(self, host: Host) -> str:
        """Tell in a sentence why the host doesn't take this action at all; "" where it does.

        A stalled host is no reason: the call waits its turn, and `caution` says what it means.
        """
        link = host.link
        if link.state not in (LinkState.CONNECTED, LinkState.STALLED):
            why = link.why or link.waiting_for or f"The connection is {link.state}"
            return f"{host.name} can't be reached: {why.rstrip('.')}."
        if link.read_only:
            return f"The connection to {host.name} is read-only."
        return ""

    def caution(self, host: Host) -> str:
        """Tell what makes the outcome uncertain though it can be tried; "" where nothing does."""
        if host.link.state is LinkState.STALLED:
            return f"{host.name} doesn't answer at the moment; this goes by old data."
        return ""

    def virsh(self, record: R, host: Host, **arguments: object) -> tuple[str, ...]:
        """Return the equivalent lines, quoted for a shell; they act on ``host``'s connection.

        Raises WrongArgument. `vmgui.actions.virsh.complete` makes them fit for a script.
        """
        assert host.key.host == record.key.host
        return self.render(record, self.check(arguments))
