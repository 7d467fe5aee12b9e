"""Why a machine can't go back to a snapshot: what its files are now, and who needs them."""

import posixpath
from collections.abc import Iterator

from vmgui.insight.machine_files import MachineFiles, agreed, base_name, listed
from vmgui.inventory.domain import Disk
from vmgui.inventory.images import Use
from vmgui.inventory.snapshot import Snapshot


class RevertRefusals:
    """Yields reasons against a revert, each in a sentence; the first is the one to tell."""

    def __init__(self, files: MachineFiles, snapshot: Snapshot) -> None:
        self.files = files
        self.snapshot = snapshot

    @property
    def left_out(self) -> list[Disk]:
        """Return the disks, as they were then, that the guest writes to and that aren't in it."""
        in_it = {disk.target for disk in self.snapshot.disks if disk.kind != "no"}
        then = self.snapshot.then.disks if self.snapshot.then else ()
        return [
            disk
            for disk in then
            if disk.target not in in_it
            and disk.device in {"disk", "lun"}
            and disk.source
            and not disk.read_only
        ]

    def misled_disks(self) -> Iterator[str]:
        """Yield what would be harmed if a disk that was left out got back its file of then."""
        for disk in self.left_out:
            if disk.source != self.files.active(disk.target):
                needs = self.files.needs(disk.source)
                if needs:
                    who = agreed(needs, "needs", "need")
                    yield (
                        f"{disk.target} isn't in the snapshot, and the machine would write to "
                        f"{base_name(disk.source)} again, which {who} as it is."
                    )

    def inside(self, target: str, state: str) -> Iterator[str]:
        """Yield why libvirt can't go back inside a file."""
        name = self.snapshot.name
        if not state:
            yield f"libvirt doesn't tell which file of {target} holds {name}."
            return
        image = self.files.image(state)
        if image is not None and image.exists is False:
            yield f"{state} is missing, and {name} with it."
        if self.files.storage.unread:
            yield (
                f"Going back inside {base_name(state)} changes it, and nobody knows what else "
                f"needs it: {self.files.storage.unread[0]}"
            )
        if needs := self.files.needs(state):
            yield (
                f"{name} lies inside {base_name(state)}, and going back there would change what "
                f"{agreed(needs, 'reads', 'read')}. Delete that first."
            )
        active = self.files.active(target)
        if active and active != state and state in self.files.chain(active):
            yield f"{name} lies inside {base_name(state)}, on which {base_name(active)} is built."
        if image is not None and image.internal and name not in image.internal:
            yield f"{base_name(state)} doesn't hold {name} any more; only libvirt knows of it."
        if name.isdigit() and image is not None and len(image.internal) > 1:
            yield (
                f"The name {name} could be taken for another snapshot's number inside "
                f"{base_name(state)}: libvirt might go back to the wrong one."
            )

    def of_state(self, target: str, state: str) -> Iterator[str]:
        """Yield why the file with an external state can't be built upon."""
        name = self.snapshot.name
        if not state:
            yield f"libvirt doesn't tell which file of {target} has the state of {name}."
            return
        image = self.files.image(state)
        if image is None or image.exists is False:
            yield f"{state} has the state of {target}, and it isn't there any more."
            return
        for below in self.files.chain(state)[1:]:
            lower = self.files.image(below)
            if lower is not None and lower.exists is False:
                yield f"{below}, from which {base_name(state)} reads, isn't there any more."
        later = self.files.storage.next_start
        for machine in filter(None, (self.files.storage.domain, later)):
            for disk in machine.disks:
                if disk.source == state and not disk.read_only:
                    yield (
                        f"The machine writes to {base_name(state)} again, so it isn't what it was "
                        f"at {name} any more."
                    )
        for user in self.files.foreign(state):
            if user.use is Use.DISK and not user.read_only and not user.snapshot:
                yield (
                    f"Machine {user.domain_name} writes to {base_name(state)}: it isn't what it "
                    f"was at {name} any more."
                )

    def by_hand(self, *, force_off: bool) -> Iterator[str]:
        """Yield why it can't be done by hand, whatever its files are."""
        domain, name = self.files.storage.domain, self.snapshot.name
        if not domain.persistent:
            yield f"{domain.name} is transient: there is no definition to change for the revert."
        if self.snapshot.then is None:
            yield f"libvirt didn't keep the machine's definition in {name}."
        for disk in self.left_out:
            if not self.files.active(disk.target) and (needs := self.files.needs(disk.source)):
                yield (
                    f"{disk.target} isn't in the snapshot, and its file of then, "
                    f"{base_name(disk.source)}, is needed by {listed(needs)} as it is."
                )
        if (domain.state.is_active or domain.run_id is not None) and not force_off:
            yield (
                f"{domain.name} is {domain.state}, and the host's libvirt can't go back to an "
                "external snapshot by itself: it has to be off. Shut it down first, or let it be "
                "forced off as a part of this."
            )
        memory = self.files.image(self.snapshot.memory_path)
        if memory is not None and memory.exists is False:
            yield f"The memory of {name} isn't there any more: {memory.path}."

    def of_overlay(self, state: str) -> Iterator[str]:
        """Yield why no new file can be made over the one with the snapshot's state."""
        image = self.files.image(state)
        if image is None or image.pool is None:
            yield (
                f"No active storage pool of the host holds {posixpath.dirname(state)}, where a new "
                "file over the snapshot's belongs: define one for this folder, or start it."
            )
        elif image.virtual_bytes is None:
            yield f"The host doesn't tell how large {state} is for the guest."
