"""What clones are made of: a machine as it is or one of its snapshots, and the files behind it."""

from dataclasses import dataclass, field

from vmgui.insight.clone_plan import CloneFacts
from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.images import Image, ImageUser, Use
from vmgui.inventory.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Source:
    """The definition that is cloned, and the image of each of its disks that has one.

    ``refusal`` tells why nothing can be cloned from it, "" where something can.
    """

    domain: Domain
    images: dict[str, Image] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    refusal: str = ""

    def image(self, disk: Disk) -> Image | None:
        """Return the file behind a disk, None for an empty drive or an unknown file."""
        return self.images.get(disk.target)


def find_source(facts: CloneFacts, snapshot: str) -> Source:
    """Return what the clones are made of."""
    storage = facts.storage
    now = storage.next_start or storage.domain
    if not snapshot:
        return Source(now, _images(facts, now, ""), None, _machine_refusal(storage.domain))
    found = next((each for each in storage.snapshots if each.name == snapshot), None)
    if found is None:
        return Source(now, refusal=f"{now.name} has no snapshot {snapshot}.")
    refusal = snapshot_refusal(found)
    if refusal or found.then is None:
        return Source(now, snapshot=found, refusal=refusal)
    return Source(found.then, _images(facts, found.then, snapshot), found)


def snapshot_refusal(snapshot: Snapshot) -> str:
    """Tell in a sentence why no clone can be made from a snapshot; "" where one can."""
    if not any(disk.kind == "external" for disk in snapshot.disks):
        return (
            f"{snapshot.name} is an internal snapshot: its data lie inside the disk's file, and "
            "libvirt copies none out of it. Revert to it and clone the machine while it is off."
        )
    if snapshot.then is None:
        return f"libvirt doesn't tell what the machine was when {snapshot.name} was taken."
    return ""


def writers(image: Image, but: Domain | None = None) -> tuple[str, ...]:
    """Return the names of machines (without ``but``) that may write to an image."""
    names = (
        user.domain_name
        for user in image.users
        if may_write(user) and (but is None or user.domain != but.key)
    )
    return tuple(dict.fromkeys(names))


def may_write(user: ImageUser) -> bool:
    """Tell whether somebody who names a file can change it."""
    return user.use is Use.DISK and not user.read_only and not user.snapshot


def _machine_refusal(domain: Domain) -> str:
    name = domain.name
    if domain.has_managed_save or domain.state is DomainState.SAVED:
        return (
            f"{name} has memory saved to disk, so its disks are those of a machine in mid-run. "
            "Start it and shut it down, or discard the saved memory."
        )
    if domain.state.is_active or domain.run_id is not None:
        return (
            f"{name} is {domain.state}: a copy of disks that are in use is torn, and pausing isn't "
            "enough, since the guest's memory holds what it hasn't written yet. Shut it down, or "
            "take an external snapshot of it and clone from that."
        )
    if not domain.persistent:
        return f"{name} is transient: there is no definition to clone."
    return ""


def _images(facts: CloneFacts, domain: Domain, snapshot: str) -> dict[str, Image]:
    known = {image.path: image for image in facts.storage.images}
    found: dict[str, Image] = {}
    for disk in domain.disks:
        image = known.get(disk.source) or _named(facts, domain, disk, snapshot)
        if image is not None:
            found[disk.target] = image
        elif disk.source and disk.source_type in {"file", "block"}:
            found[disk.target] = Image(disk.source, disk.format)
    return found


def _named(facts: CloneFacts, domain: Domain, disk: Disk, snapshot: str) -> Image | None:
    """Return the image that somebody says is this disk: a definition may name POOL/VOLUME."""
    if not disk.source:
        return None
    for image in facts.storage.images:
        for user in image.users:
            if (
                user.domain == domain.key
                and user.target == disk.target
                and user.snapshot == snapshot
                and user.use in {Use.DISK, Use.MEDIUM, Use.STATE}
            ):
                return image
    return None
