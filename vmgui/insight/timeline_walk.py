"""Where the arrow keys lead on a timeline."""

from typing import Literal

from vmgui.insight.timeline import HERE, Node, Timeline

Direction = Literal["left", "right", "up", "down"]


def step(layout: Timeline, name: str, direction: Direction) -> str:
    """Return the name that a key leads to from ``name``; the same where the way ends.

    Left and right go along the line, to the parent and to the child that goes on; up and down
    to the nearest one of the next lane that has any. A name that isn't there starts at `HERE`.
    """
    node = layout.node(name)
    if node is None:
        return HERE
    match direction:
        case "left":
            to = layout.node(node.parent) if node.parent is not None else _beside(layout, node, -1)
        case "right":
            to = _onward(layout, node)
        case "up" | "down":
            to = _across(layout, node, -1 if direction == "up" else 1)
    return node.name if to is None else to.name


def _onward(layout: Timeline, node: Node) -> Node | None:
    children = layout.children(node.name)
    straight = [child for child in children if child.lane == node.lane]
    return next(iter(straight or children), None) or _beside(layout, node, 1)


def _beside(layout: Timeline, node: Node, way: int) -> Node | None:
    """Return the neighbour on the same lane, where no line leads on."""
    others = [
        each for each in layout.nodes if each.lane == node.lane and (each.x - node.x) * way > 0
    ]
    return min(others, key=lambda each: abs(each.x - node.x), default=None)


def _across(layout: Timeline, node: Node, way: int) -> Node | None:
    others = [each for each in layout.nodes if (each.lane - node.lane) * way > 0]
    if not others:
        return None
    lane = min((each.lane for each in others), key=lambda each: abs(each - node.lane))
    return min(
        (each for each in others if each.lane == lane), key=lambda each: abs(each.x - node.x)
    )
