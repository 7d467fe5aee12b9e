"""What every action must have, so that no front end has to ask."""

import json
import re
from typing import Any

import pytest

from vmgui import places
from vmgui.actions.action import Action, Danger, WrongArgument
from vmgui.actions.registry import Registry, standard
from vmgui.cli.act import GROUPS, command_for
from vmgui.cli.main import cli
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.key import domain_key, host_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key

URI = "test:///default"
DOMAIN = Domain(
    domain_key(URI, "6695eb01-f6a4-8304-79aa-97f2502e193f"), "web", DomainState.RUNNING, run_id=1
)
SNAPSHOT = Snapshot(snapshot_key(DOMAIN.key, "first"), DOMAIN.key, "first", external=True)
RECORDS = {"domain": DOMAIN, "snapshot": SNAPSHOT}
EXAMPLES: dict[str, dict[str, object]] = {
    "snapshot.rename": {"new_name": "second"},
    "snapshot.export": {"path": "first.xml"},
    "domain.rename": {"new_name": "new"},
    "domain.edit": {"title": "t"},
    "domain.tag": {"add": ["lab"]},
    "domain.migrate": {"to": "lab-b"},
    "migration.set-bandwidth": {"mib_s": 10},
    "migration.set-downtime": {"ms": 500},
}
ACTIONS = standard().all()


def host(state: LinkState = LinkState.CONNECTED, **link: Any) -> Host:
    return Host(host_key(URI), "there", Link(state, **link))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
class TestEveryAction:
    def test_says_what_it_is(self, action: Action[Any]) -> None:
        kind, _, verb = action.id.partition(".")
        assert kind in GROUPS
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", verb)
        assert action.title
        assert action.title[0].isupper()
        assert action.help.endswith(".")
        for argument in action.arguments:
            assert argument.help.endswith(".")
        assert bool(action.consequence) == (action.danger is not Danger.NONE)

    def test_has_an_icon_of_the_set(self, action: Action[Any]) -> None:
        names = json.loads((places.resources_dir() / "fonts/Phosphor-Regular.json").read_text())
        assert action.icon in names

    def test_has_a_virsh_line(self, action: Action[Any]) -> None:
        record = RECORDS[action.target]
        lines = action.virsh(record, host(), **EXAMPLES.get(action.id, {}))
        assert lines
        # Of a snapshot's machine only the UUID is known before anything is read.
        name = f"{DOMAIN.uuid} first" if action.target == "snapshot" else "web"
        for line in lines:
            assert re.match(rf"virsh [a-z-]+ {name}( |$)", line)

    def test_has_a_command(self, action: Action[Any]) -> None:
        command = command_for(action)
        kind, _, verb = action.id.partition(".")
        assert command.name == verb
        group = cli.get_command(None, kind)  # type: ignore[arg-type]  # not asked for
        assert command.name in group.commands  # type: ignore[union-attr]

    def test_works_while_stalled_but_not_while_out_of_reach(self, action: Action[Any]) -> None:
        assert action.unreachable(host()) == action.caution(host()) == ""
        assert action.unreachable(host(LinkState.STALLED)) == ""
        assert "old data" in action.caution(host(LinkState.STALLED))
        for state in (LinkState.LOST, LinkState.REFUSED, LinkState.CONNECTING, LinkState.CLOSED):
            refusal = action.unreachable(host(state, why="The cable is cut."))
            assert refusal == "there can't be reached: The cable is cut."

    def test_is_refused_over_a_read_only_connection(self, action: Action[Any]) -> None:
        assert "read-only" in action.refusal(RECORDS[action.target], host(read_only=True))


def test_an_id_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Registry((ACTIONS[0], ACTIONS[0]))


@pytest.mark.parametrize(
    ("action", "arguments", "why"),
    [
        ("domain.fly", {}, "no action domain.fly"),
        ("domain.start", {"hard": True}, "no argument hard"),
        ("domain.shutdown", {"mode": "gently"}, "one of default, acpi, agent"),
        ("domain.shutdown", {"mode": None}, "mode can't be None"),
        ("domain.rename", {}, "new_name can't be None"),
        ("domain.rename", {"new_name": " "}, "can't be empty"),
        ("domain.edit", {"tags": "lab"}, "tags can't be 'lab'"),
        ("domain.delete", {"nvram": "yes"}, "nvram can't be 'yes'"),
    ],
)
def test_a_wrong_argument_is_named(action: str, arguments: dict[str, object], why: str) -> None:
    with pytest.raises(WrongArgument, match=why):
        standard().get(action).check(arguments)


def possible(state: DomainState, *, run_id: int | None) -> set[str]:
    domain = Domain(
        DOMAIN.key, "web", state, run_id=run_id, has_managed_save=state is DomainState.SAVED
    )
    verbs = [a for a in ACTIONS if a.id.startswith("domain.") and not a.refusal(domain, host())]
    return {a.id.partition(".")[2] for a in verbs} - {"autostart", "clone", "edit", "tag", "delete"}


@pytest.mark.parametrize(
    ("state", "run_id", "verbs"),
    [
        (DomainState.RUNNING, 1, "shutdown reboot reset force-off suspend save migrate"),
        (DomainState.PAUSED, 1, "reset force-off resume save migrate"),
        (DomainState.SHUTTING_DOWN, 1, "shutdown reset force-off suspend save migrate"),
        (DomainState.SLEEPING, 1, "reset force-off migrate"),
        (DomainState.MIGRATING, 1, "force-off"),
        (DomainState.CRASHED, 1, "reset force-off"),
        (DomainState.CRASHED, None, "start rename"),
        (DomainState.OFF, None, "start rename migrate"),
        (DomainState.SAVED, None, "start restore discard-saved"),
        (DomainState.UNKNOWN, None,
         "start shutdown reboot reset force-off suspend resume save rename migrate"),
        (DomainState.UNKNOWN, 1,
         "start shutdown reboot reset force-off suspend resume save rename migrate"),
    ],
)  # fmt: skip
def test_what_a_state_allows(state: DomainState, run_id: int | None, verbs: str) -> None:
    assert possible(state, run_id=run_id) == set(verbs.split())


def test_a_template_is_spared_what_would_change_it() -> None:
    template = Domain(DOMAIN.key, "web", DomainState.OFF, is_template=True)
    spared = {a.id for a in ACTIONS if a.target == "domain" and a.spare(template)}
    assert {a.id for a in ACTIONS if a.target == "domain"} - spared == {
        "clone.reset-all",
        "domain.clone",
        "domain.edit",
        "domain.force-off",
        "domain.shutdown",
        "template.mark",
        "template.release",
    }
    assert "release it first" in standard().get("domain.start").refusal(template, host())
    # What would change its disks is refused through its snapshots as well.
    assert standard().get("snapshot.revert").spare(template)
    assert standard().get("snapshot.delete").spare(template)
    assert not standard().get("snapshot.export").spare(template)


def test_what_needs_a_definition_is_refused_to_transient_machines() -> None:
    transient = Domain(DOMAIN.key, "web", DomainState.RUNNING, run_id=1, persistent=False)
    for verb in ("save", "autostart", "rename"):
        assert "transient" in standard().get(f"domain.{verb}").refusal(transient, host())


def test_edits_reach_the_run_and_the_definition_as_far_as_there_are() -> None:
    edit = standard().get("domain.edit")
    off = Domain(DOMAIN.key, "web", DomainState.OFF)
    transient = Domain(DOMAIN.key, "web", DomainState.RUNNING, run_id=1, persistent=False)
    lines = [edit.virsh(each, host(), title="t")[0] for each in (DOMAIN, off, transient)]
    assert lines == [
        "virsh desc web --live --config --title --new-desc t",
        "virsh desc web --config --title --new-desc t",
        "virsh desc web --live --title --new-desc t",
    ]
