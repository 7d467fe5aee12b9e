"""What a virtual machine is called, said to be, and whether it starts with its host."""

from vmgui.actions.action import Action, Argument, ArgumentType, Values
from vmgui.actions.domain_state import all_of, is_active, only_inactive, only_persistent
from vmgui.actions.virsh import domain_line, option
from vmgui.actions.work import Work
from vmgui.hypervisor import domains
from vmgui.hypervisor.errors import VmguiError
from vmgui.hypervisor.xml.metadata import METADATA_PREFIX, check_text, tags_element
from vmgui.inventory.domain import METADATA_URI, Domain

_ON, _OFF = "on", "off"


async def _autostart(work: Work[Domain]) -> None:
    await work.act(domains.set_autostart, work.values.text("state") == _ON)


def _autostart_line(domain: Domain, values: Values) -> tuple[str, ...]:
    off = () if values.text("state") == _ON else ("--disable",)
    return (domain_line("autostart", domain, *off),)


def _refuse_rename(domain: Domain) -> str:
    if domain.has_managed_save:
        return f"{domain.name} has memory saved to disk: restore it or discard it first."
    return ""


async def _rename(work: Work[Domain]) -> None:
    await work.act(domains.rename, work.values.text("new_name"))
    if work.record.nvram_path:
        work.job.note = f"Its UEFI variables stay in {work.record.nvram_path}."


def _rename_line(domain: Domain, values: Values) -> tuple[str, ...]:
    name = values.text("new_name")
    words = option("new-name", name) if name.startswith("-") else (name,)
    return (domain_line("domrename", domain, *words),)


async def _edit(work: Work[Domain]) -> None:
    values = work.values
    title, description = values.maybe_text("title"), values.maybe_text("description")
    tags = values.maybe_texts("tags")
    # What can't be kept is found out before the first change.
    check_text(title or "")
    check_text(description or "")
    tags_element(tags or ())
    done: list[str] = []
    try:
        if title is not None:
            await work.act(domains.set_title, title)
            done.append("title")
        if description is not None:
            await work.act(domains.set_description, description)
            done.append("description")
        if tags is not None:
            await work.act(domains.set_tags, tags)
    except VmguiError:
        if done:
            work.job.state_now = f"Changed: {' and '.join(done)}. The rest was not."
        raise


def _edit_lines(domain: Domain, values: Values) -> tuple[str, ...]:
    where = _where(domain)
    lines = []
    if (title := values.maybe_text("title")) is not None:
        lines.append(domain_line("desc", domain, *where, "--title", *option("new-desc", title)))
    if (description := values.maybe_text("description")) is not None:
        lines.append(domain_line("desc", domain, *where, *option("new-desc", description)))
    if (tags := values.maybe_texts("tags")) is not None:
        lines.append(_tags_line(domain, tags))
    return tuple(lines)


def _tags_line(domain: Domain, tags: tuple[str, ...]) -> str:
    element = tags_element(tags)
    what = ("--remove",) if element is None else ("--key", METADATA_PREFIX, "--set", element)
    return domain_line("metadata", domain, METADATA_URI, *_where(domain), *what)


def tags_after(
    tags: tuple[str, ...], add: tuple[str, ...], remove: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the tags of a machine once some were added and some removed, in their order.

    The first one groups it in the tree, so those that it had stay in front.
    """
    gone = set(remove) - set(add)
    return tuple(dict.fromkeys(tag for tag in (*tags, *add) if tag not in gone))


def _tags_wanted(domain: Domain, values: Values) -> tuple[str, ...]:
    add, remove = (values.maybe_texts(name) or () for name in ("add", "remove"))
    return tags_after(domain.tags, add, remove)


async def _tag(work: Work[Domain]) -> None:
    tags = _tags_wanted(work.record, work.values)
    if tags == work.record.tags:
        work.job.note = "Its tags were so already."
        return
    tags_element(tags)
    await work.act(domains.set_tags, tags)


def _tag_lines(domain: Domain, values: Values) -> tuple[str, ...]:
    tags = _tags_wanted(domain, values)
    return () if tags == domain.tags else (_tags_line(domain, tags),)


def _where(domain: Domain) -> tuple[str, ...]:
    """Return virsh's words for what `domains.edit_flags` affects."""
    live = ("--live",) if is_active(domain) else ()
    config = ("--config",) if domain.persistent else ()
    return (*live, *config)


ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="domain.autostart",
        title="Autostart",
        help="Lets the machine start with its host, or not.",
        icon="power",
        target="domain",
        arguments=(
            Argument(
                "state",
                ArgumentType.CHOICE,
                "On: it starts with its host; off: it waits to be started.",
                choices=(_ON, _OFF),
                default=_ON,
            ),
        ),
        refuse=only_persistent,
        render=_autostart_line,
        carry_out=_autostart,
    ),
    Action(
        id="domain.rename",
        title="Rename",
        help="Gives the machine another name while it is off; its files keep theirs.",
        icon="pencil-simple",
        target="domain",
        many=False,
        arguments=(
            Argument(
                "new_name",
                ArgumentType.TEXT,
                "The new name.",
                required=True,
                positional=True,
            ),
        ),
        refuse=all_of(only_persistent, only_inactive, _refuse_rename),
        render=_rename_line,
        carry_out=_rename,
    ),
    Action(
        id="domain.edit",
        title="Edit",
        help="Changes the machine's title, description and tags; what is not given stays.",
        icon="pencil-simple",
        target="domain",
        on_templates=True,
        arguments=(
            Argument("title", ArgumentType.TEXT, "A line that says what it is; empty removes it."),
            Argument("description", ArgumentType.TEXT, "Any text; empty removes it."),
            Argument("tags", ArgumentType.LIST, "All its tags, in place of those it has."),
        ),
        refuse=lambda _: "",
        render=_edit_lines,
        carry_out=_edit,
    ),
    Action(
        id="domain.tag",
        title="Tag",
        help="Adds tags to machines and removes others; their other tags stay.",
        icon="tag",
        target="domain",
        arguments=(
            Argument("add", ArgumentType.LIST, "A tag to add."),
            Argument("remove", ArgumentType.LIST, "A tag to remove."),
        ),
        refuse=lambda _: "",
        render=_tag_lines,
        carry_out=_tag,
    ),
)
