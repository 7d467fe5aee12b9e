"""All images of a host: each file, what it reads from, and who names it.

Read in one go before something is done to a disk: it looks through every machine, every
snapshot and every volume, since a file may be the base of anybody's disk. What can't be read
is told, for it may use anything.
"""

from collections.abc import Iterator
from dataclasses import replace

import libvirt

from vmgui.hypervisor import image_headers
from vmgui.hypervisor.block_sizes import Sizes, sizes_of_guest
from vmgui.hypervisor.image_headers import ImageHeader
from vmgui.hypervisor.local_files import LocalFiles, links_of
from vmgui.hypervisor.stores import Stores, Unread, against
from vmgui.hypervisor.uses import Definition, MachineUses, read_uses
from vmgui.hypervisor.xml.sources import DiskChain, Source
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import Image, ImageUser, Use
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, oldest_first
from vmgui.inventory.storage import Pool

_DISKS = frozenset({"disk", "lun"})


class HostImages:
    """All images of a host, as of now. Made and kept by one thread.

    ``own`` is the machine whose images are looked into, where they can be: its UUID at first,
    then its key.
    ``unread`` says in sentences what could not be read; ``own_unread`` are those of them that
    are about what that machine's own disks are built on, ``idle_pools`` names the pools that are
    not active, and ``folders`` are those of which every file is known.
    """

    def __init__(self, conn: libvirt.virConnect, uri: str, own: str) -> None:
        unread = Unread()
        self._stores = Stores(conn, uri, unread, links_of(uri))
        self.machines = tuple(read_uses(conn, uri, unread))
        self.own = domain_key(uri, own)
        self._names: dict[str, str] = {}
        self._formats: dict[str, list[str]] = {}
        self._told_below: dict[str, str] = {}
        self._headers: dict[str, ImageHeader] = {}
        self._users: dict[str, dict[tuple[object, ...], ImageUser]] = {}
        self._local = LocalFiles(uri, self._stores)
        for _, definition in self._definitions():
            for chain in definition.chains:
                self._learn(chain)
        for snapshot in (each for machine in self.machines for each in machine.snapshots):
            self._learn_overlays(snapshot)
        self._read_headers()
        self._note_users()
        self.own_unread = self._note_unknown(unread)
        self.unread = unread.sentences
        self.idle_pools = tuple(self._stores.idle)
        self.folders = tuple(self._stores.folders)
        self._sizes = {
            self._stores.at(path): sizes for path, sizes in self._sizes_of_own(conn).items()
        }
        ids = self._ids()
        self.images = tuple(self._image(id_) for id_ in ids)
        self._pools = {self._name(id_): self._stores.pool(id_) for id_ in ids}

    def snapshots_of(self, key: Key) -> tuple[Snapshot, ...]:
        """Return a machine's snapshots, the oldest first."""
        return oldest_first(
            self.resolved_snapshot(snapshot)
            for machine in self.machines
            if machine.key == key
            for snapshot in machine.snapshots
        )

    def pool_of(self, path: str) -> Pool | None:
        """Return the active pool that holds the image at ``path``; None where two might."""
        return self._pools.get(path)

    def path_of(self, source: Source) -> str:
        """Return the path by which the image of a disk's source goes here."""
        return self._name(self._stores.id_of(source))

    def resolved(self, domain: Domain) -> Domain:
        """Return ``domain`` with the paths of its files as the images have them."""
        chains = [
            chain
            for machine in self.machines
            if machine.key == domain.key
            for definition in machine.definitions
            for chain in definition.chains
        ]
        backing = {
            tuple(source.name for source in chain.sources): tuple(
                self.path_of(source) for source in chain.sources[1:]
            )
            for chain in chains
        }
        return replace(
            domain,
            nvram_path=self._plain(domain.nvram_path),
            disks=tuple(
                replace(
                    disk,
                    source=self.path_of(Source(disk.source_type, disk.source)),
                    backing=backing.get((disk.source, *disk.backing), disk.backing),
                )
                if disk.source
                else disk
                for disk in domain.disks
            ),
        )

    def resolved_snapshot(self, snapshot: Snapshot) -> Snapshot:
        """Return ``snapshot`` with the paths of its files as the images have them."""
        return replace(
            snapshot,
            memory_path=self._plain(snapshot.memory_path),
            disks=tuple(replace(disk, path=self._plain(disk.path)) for disk in snapshot.disks),
            then=None if snapshot.then is None else self.resolved(snapshot.then),
        )

    def _plain(self, path: str) -> str:
        return self._name(self._stores.at(path)) if path else ""

    def _name(self, id_: str) -> str:
        """Return the path by which ``id_`` goes: one for each id, as XML and volumes spell it."""
        volume = self._stores.volume(id_)
        spelled = self._names.get(id_, "") if volume is None else volume.path
        if id_.startswith("/"):
            return spelled if spelled.startswith("/") else id_
        if id_.startswith("net:"):  # never like a path: an export may be called as a file is
            return spelled if spelled and not spelled.startswith("/") else id_.partition(":")[2]
        return id_

    def _definitions(self) -> Iterator[tuple[MachineUses, Definition]]:
        for machine in self.machines:
            for definition in machine.definitions:
                yield machine, definition

    def _learn(self, chain: DiskChain) -> None:
        self._stores.learn(chain)
        below = ""
        for source in reversed(chain.sources):
            id_ = self._stores.id_of(source)
            self._names.setdefault(id_, source.name)
            if source.format and source.format not in (told := self._formats.setdefault(id_, [])):
                told.append(source.format)
            if below:
                self._told_below.setdefault(id_, below)
            below = id_

    def _learn_overlays(self, snapshot: Snapshot) -> None:
        """Take over what was made for a snapshot: a file for each disk, built on what it had."""
        frozen = {disk.target: disk for disk in snapshot.then.disks} if snapshot.then else {}
        for overlay in snapshot.disks:
            disk = frozen.get(overlay.target)
            if not overlay.path or disk is None or not disk.source:
                continue
            upper = self._stores.at(overlay.path)
            lower = self._stores.id_of(Source(disk.source_type, disk.source))
            self._names.setdefault(upper, overlay.path)
            if overlay.format:
                self._formats.setdefault(upper, [overlay.format])
            if upper != lower and not self._stores.is_told(upper):
                self._told_below[upper] = lower
                self._stores.learn_backing(upper, lower)

    def _read_headers(self) -> None:
        """Look into the machine's own images, and into those that nobody else knows of."""
        own = [
            id_
            for machine, definition in self._definitions()
            if machine.key == self.own
            for id_ in self._named(definition)
        ]
        unknown = [
            self._stores.id_of(chain.sources[-1])
            for _, definition in self._definitions()
            for chain in definition.chains
            if chain.device in _DISKS
        ]
        unknown += filter(None, map(self._stores.backing_id, self._stores.volumes))
        waiting = [(id_, True) for id_ in own] + [(id_, False) for id_ in unknown]
        seen: set[str] = set()
        while waiting:
            id_, always = waiting.pop(0)
            if id_ in seen or not (always or not self._stores.is_told(id_)):
                continue
            seen.add(id_)
            path = self._name(id_)
            if not self._local.is_ours(path):
                continue
            header = image_headers.read_header(path, self._format(id_))
            if header is None:
                continue
            self._headers[id_] = header
            lower = self._stores.at(against(path, header.backing)) if header.backing else ""
            self._stores.learn_backing(id_, lower)
            if lower:
                self._names.setdefault(lower, against(path, header.backing))
                if header.backing_format:
                    self._formats.setdefault(lower, [header.backing_format])
                waiting.append((lower, always))

    def _format(self, id_: str) -> str:
        return next(iter(self._formats.get(id_, ())), "")

    def _named(self, definition: Definition) -> Iterator[str]:
        for chain in definition.chains:
            if chain.device in _DISKS:
                yield from map(self._stores.id_of, chain.sources)
        if definition.snapshot is not None:
            yield from (
                self._stores.at(disk.path) for disk in definition.snapshot.disks if disk.path
            )

    def _backing(self, id_: str) -> str:
        """Return the id of what ``id_`` reads from: as its header says, else as XML tells."""
        if self._formats.get(id_) == ["raw"]:
            return ""  # what looks like a header there is the guest's
        header = self._headers.get(id_)
        if header is not None:
            path = self._name(id_)
            return self._stores.at(against(path, header.backing)) if header.backing else ""
        told = self._stores.backing_id(id_)
        return told if told is not None else self._told_below.get(id_, "")

    def _note_users(self) -> None:
        read: dict[Key, set[str]] = {}
        for machine, definition in self._definitions():
            of_machine = read.setdefault(machine.key, set())
            for id_, user in self._uses(machine, definition):
                self._add_user(id_, user)
                of_machine.update(self._chain(id_))
        known = set(self._ids())
        for machine, definition in self._definitions():
            for id_ in {self._stores.at(path) for path in definition.paths} & known:
                if id_ not in read[machine.key]:
                    self._add_user(id_, _user(machine, definition, Use.NAMED))

    def _uses(
        self, machine: MachineUses, definition: Definition
    ) -> Iterator[tuple[str, ImageUser]]:
        snapshot = definition.snapshot
        for chain in definition.chains:
            use = Use.DISK if snapshot is None else Use.STATE
            user = replace(
                _user(machine, definition, use if chain.device in _DISKS else Use.MEDIUM),
                target=chain.target,
                read_only=chain.read_only,
                shareable=chain.shareable,
            )
            ids = [self._stores.id_of(source) for source in chain.sources]
            yield ids[0], user
            # XML may tell of another chain than the headers do, and then that is what is read.
            read = self._chain(ids[0])
            yield from ((id_, user) for id_ in ids if id_ not in read)
        for path in definition.nvram_paths:
            yield self._stores.at(path), _user(machine, definition, Use.NVRAM)
        if snapshot is None:
            return
        for disk in snapshot.disks:
            if disk.path:
                user = replace(_user(machine, definition, Use.OVERLAY), target=disk.target)
                yield self._stores.at(disk.path), user
        if snapshot.memory_path:
            yield self._stores.at(snapshot.memory_path), _user(machine, definition, Use.MEMORY)

    def _add_user(self, id_: str, user: ImageUser) -> None:
        """Note a user once: as it runs and as it starts next it is the same."""
        same = (user.domain, user.use, user.target, user.snapshot)
        users = self._users.setdefault(id_, {})
        before = users.get(same)
        if before is None or user.active:
            users[same] = user
        elif before.read_only and not user.read_only:
            users[same] = replace(before, read_only=False)

    def _chain(self, id_: str) -> dict[str, None]:
        chain: dict[str, None] = {}
        while id_ and id_ not in chain:
            chain[id_] = None
            id_ = self._backing(id_)
        return chain

    def _ids(self) -> list[str]:
        """Return the id of each image: a volume, or what a machine, a snapshot or a disk names."""
        found: dict[str, None] = {}
        for id_ in (*self._users, *self._stores.volumes):
            found |= self._chain(id_)
        return list(found)

    def _note_unknown(self, unread: Unread) -> tuple[str, ...]:
        """Note the disks of which nobody knows what they are built on; return our own."""
        own = Unread()
        for machine, definition in self._definitions():
            for chain in definition.chains:
                for sentences in (unread, own) if machine.key == self.own else (unread,):
                    self._note_chain(machine, chain, sentences)
        return own.sentences

    def _note_chain(self, machine: MachineUses, chain: DiskChain, unread: Unread) -> None:
        top = self._stores.id_of(chain.sources[0])
        name = self._name(top)
        if not self._stores.is_known(chain) and self._exists(top) is not False:
            unread.add(
                f"What {name} of {machine.name} is built on",
                "no active storage pool holds it",
                "Start its pool or make one of its folder, then try again.",
            )
            return
        for id_ in self._chain(top):
            pool = self._stores.idle_pool_of(id_)
            if pool and not self._stores.is_told(id_) and self._exists(id_) is None:
                unread.add(
                    f"What {self._name(id_)}, the base of {name} of {machine.name}, is built on",
                    f"the storage pool {pool} is not active",
                    "Start that pool, then try again.",
                )

    def _sizes_of_own(self, conn: libvirt.virConnect) -> dict[str, Sizes]:
        """Ask our own guest, where it runs on files of which no pool tells the size.

        No other: one that hangs doesn't answer, and would hold up what is done to the rest.
        """
        is_elsewhere = any(
            self._stores.volume(id_) is None and id_ not in self._headers
            for machine, definition in self._definitions()
            if definition.active and machine.key == self.own
            for id_ in self._named(definition)
        )
        return sizes_of_guest(conn, self.own.id) if is_elsewhere else {}

    def _image(self, id_: str) -> Image:
        path = self._name(id_)
        volume, pool = self._stores.volume(id_), self._stores.pool(id_)
        header = self._headers.get(id_)
        virtual, allocation = self._sizes.get(id_, (None, None))
        if volume is not None:
            virtual, allocation = volume.capacity_bytes, volume.allocation_bytes
        if allocation is None and self._local.is_ours(path):
            allocation = image_headers.allocated_bytes(path)
        if header is not None:
            virtual = virtual if header.virtual_bytes is None else header.virtual_bytes
            allocation = allocation if header.allocation_bytes is None else header.allocation_bytes
        backing = self._backing(id_)
        return Image(
            path=path,
            format=self._format(id_)
            or (header.format if header is not None else "")
            or (volume.format if volume is not None else ""),
            virtual_bytes=virtual,
            allocation_bytes=allocation,
            backing=self._name(backing) if backing else "",
            backing_format=self._backing_format(id_, backing) if backing else "",
            pool=None if pool is None else pool.key,
            exists=self._exists(id_),
            internal=tuple(name for name, _ in header.internal) if header is not None else (),
            internal_bytes=(
                tuple(size for _, size in header.internal) if header is not None else ()
            ),
            users=tuple(self._users.get(id_, {}).values()),
        )

    def _exists(self, id_: str) -> bool | None:
        told = self._stores.exists(id_)
        path = self._name(id_)
        return image_headers.exists(path) if told is None and self._local.is_ours(path) else told

    def _backing_format(self, id_: str, backing: str) -> str:
        header, volume = self._headers.get(id_), self._stores.volume(id_)
        return (
            (header.backing_format if header is not None else "")
            or (volume.backing_format if volume is not None else "")
            or self._format(backing)
        )


def _user(machine: MachineUses, definition: Definition, use: Use) -> ImageUser:
    return ImageUser(
        domain=machine.key,
        domain_name=machine.name,
        use=use,
        snapshot="" if definition.snapshot is None else definition.snapshot.name,
        active=definition.active,
    )
