"""The dialogs of snapshots: driven by keys and clicks, with planners that the test holds."""

from typing import Any

from vmgui.actions.action import Action, Argument, ArgumentType, Danger
from vmgui.inventory.key import Key
from vmgui.ui.dialogs.live_plan import Ask
from vmgui.ui.dialogs.planned import Deed
from vmgui.ui.main_window import MainWindow


def deed_of(
    window: MainWindow, action_id: str, key: Key, plan: Ask, ran: list[Any] | None = None
) -> Deed:
    """Return an action on an object of the window, planned by ``plan``."""
    record = window.session.inventory.get(key)
    assert record is not None
    action: Action[Any] = Action(
        id=action_id,
        title=action_id.partition(".")[2].capitalize(),
        help="Does what it is called.",
        icon="camera",
        target=key.kind,
        danger=Danger.DESTROYS,
        arguments=(Argument("name", ArgumentType.TEXT, "", default=""),),
        refuse=lambda _: "",
        render=lambda record, values: (f"virsh {action_id} {values['name']}",),
        carry_out=_nothing,
    )
    return Deed(
        action,
        record,
        window.session.inventory,
        window.bridge,
        plan,
        lambda values: None if ran is None else ran.append(dict(values)),
    )


async def _nothing(_work: object) -> None:
    raise AssertionError("not in these tests")
