"""Tags of several machines at once: some are added, some removed, the others stay."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QWidget

from vmgui.actions.domain_identity import tags_after
from vmgui.actions.registry import Registry
from vmgui.insight.amounts import counted
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.dialog import Dialog, command_label, field_row
from vmgui.ui.widgets.tag_field import TagField
from vmgui.ui.widgets.text import breakable, one_line, plain_label

RunOnSome = Callable[[Sequence[Key], Mapping[str, object]], object]
"""Starts the action on these machines with these arguments."""

_TAGS_SHOWN = 8
_LINES_SHOWN = 3


class TagDialog(Dialog):
    """Adds and removes tags; says what of it changes how many of the machines."""

    def __init__(
        self,
        domains: Sequence[Domain],
        registry: Registry,
        inventory: Inventory,
        bridge: Bridge,
        run: RunOnSome,
        parent: QWidget | None = None,
    ) -> None:
        what = one_line(domains[0].name) if len(domains) == 1 else counted(len(domains), "machine")
        super().__init__("tag-dialog", f"Tag {what}", parent)
        self._domains = tuple(domains)
        self._action = registry.get("domain.tag")
        self._inventory = inventory
        self._run = run
        held = Counter(tag for domain in domains for tag in domain.tags)
        self.add = TagField((), (tag for each in inventory.of(Domain) for tag in each.tags))
        self.add.setObjectName("tag-add")
        self.remove = TagField((), held)
        self.remove.setObjectName("tag-remove")
        self.body.addWidget(plain_label(breakable(_told(held)), "table", "t2", wrap=True))
        hint = plain_label("Separated by commas.", "axis", "t3")
        self.body.addLayout(field_row("Add", self.add, hint))
        self.body.addLayout(field_row("Remove", self.remove))
        self._effect = plain_label("", "table", "t2", wrap=True)
        self._effect.setObjectName("tag-effect")
        self.body.addWidget(self._effect)
        self._command = command_label("tag-command")
        self.body.addWidget(self._command)
        self.body.addStretch(1)
        self.add_button("tag-cancel", "Cancel", self.reject)
        self._save = self.add_button("tag-act", "Change tags", self._on_save, "primary")
        self._save.setDefault(True)
        self.add.textChanged.connect(self._refresh)
        self.remove.textChanged.connect(self._refresh)
        self.watch(bridge, [domain.key for domain in domains], self._on_gone)
        self._refresh()
        self.add.setFocus()

    def _values(self) -> dict[str, object]:
        return {"add": self.add.tags(), "remove": self.remove.tags()}

    def _changed(self) -> tuple[Domain, ...]:
        add, remove = self.add.tags(), self.remove.tags()
        return tuple(d for d in self._domains if tags_after(d.tags, add, remove) != d.tags)

    def _refresh(self) -> None:
        changed = self._changed()
        lines: list[str] = []
        for domain in changed[:_LINES_SHOWN]:
            host = self._inventory.host(domain.key.host)
            if host is not None:
                lines += self._action.virsh(domain, host, **self._values())
        more = len(changed) - _LINES_SHOWN
        if more > 0:
            lines.append(f"# and {more} more")
        self._command.setText("\n".join(lines))
        asked = bool(self.add.tags() or self.remove.tags())
        of = f"Changes {len(changed)} of {counted(len(self._domains), 'machine')}."
        rest = " The others have it so already." if len(changed) < len(self._domains) else ""
        self._effect.setText(f"{of}{rest}" if asked else "")
        self._save.setEnabled(bool(changed))

    def _on_save(self) -> None:
        keys, values = [domain.key for domain in self._changed()], self._values()
        self.accept()
        self._run(keys, values)

    def _on_gone(self, keys: frozenset[Key]) -> None:
        gone = [one_line(domain.name) for domain in self._domains if domain.key in keys]
        self._domains = tuple(domain for domain in self._domains if domain.key not in keys)
        self.say_gone(f"Not there any more: {', '.join(gone)}.")
        self._refresh()


def _told(held: Counter[str]) -> str:
    if not held:
        return "No tags so far."
    tags = [f"{one_line(tag)} ({number})" for tag, number in held.most_common(_TAGS_SHOWN)]
    more = len(held) - len(tags)
    return f"Now: {', '.join(tags)}{f' and {more} more' if more > 0 else ''}."
