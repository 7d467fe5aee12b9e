"""The actions that there are."""

from collections.abc import Iterable
from typing import Any

from vmgui.actions import (
    clone_reset,
    disk_merge,
    domain_clone,
    domain_delete,
    domain_identity,
    domain_lifecycle,
    domain_migrate,
    domain_saved,
    snapshot_create,
    snapshot_delete,
    snapshot_identity,
    snapshot_revert,
    template,
)
from vmgui.actions.action import Action, WrongArgument
from vmgui.inventory.key import Kind


class Registry:
    """Finds actions by id or by what they act upon, in the order of their declaration."""

    def __init__(self, actions: Iterable[Action[Any]]) -> None:
        self._actions: dict[str, Action[Any]] = {}
        for action in actions:
            if action.id in self._actions:
                raise ValueError(f"{action.id} is declared twice")
            self._actions[action.id] = action

    def get(self, action_id: str) -> Action[Any]:
        """Return an action; raises WrongArgument where there is none of that id."""
        try:
            return self._actions[action_id]
        except KeyError:
            raise WrongArgument(f"There is no action {action_id}.") from None

    def all(self) -> tuple[Action[Any], ...]:
        """Return every action."""
        return tuple(self._actions.values())

    def for_kind(self, kind: Kind) -> tuple[Action[Any], ...]:
        """Return the actions on one kind of object."""
        return tuple(action for action in self._actions.values() if action.target == kind)


def standard() -> Registry:
    """Return the registry of everything that vmgui can do."""
    return Registry(
        (
            *domain_lifecycle.ACTIONS,
            *domain_saved.ACTIONS,
            *domain_identity.ACTIONS,
            *domain_clone.ACTIONS,
            *template.ACTIONS,
            *clone_reset.ACTIONS,
            *domain_migrate.ACTIONS,
            *domain_delete.ACTIONS,
            *snapshot_create.ACTIONS,
            *snapshot_revert.ACTIONS,
            *snapshot_delete.ACTIONS,
            *snapshot_identity.ACTIONS,
            *disk_merge.ACTIONS,
        )
    )
