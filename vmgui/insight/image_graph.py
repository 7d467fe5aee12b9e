"""What is built on what: questions to the images of a host."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import Key

DISK_FORMATS = frozenset({"qcow2", "qcow", "qed", "vmdk", "vdi", "vhdx", "vpc", "luks"})
_DISK_ENDINGS = (".raw", ".img", ".qcow2", ".qed", ".vmdk", ".vdi", ".vhd", ".vhdx")


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads a file. ``way`` leads from the file that the user names down to it."""

    user: ImageUser
    way: tuple[str, ...]

    @property
    def is_direct(self) -> bool:
        """Tell whether the user names the file itself."""
        return len(self.way) == 1


class ImageGraph:
    """The images of one reading, to be asked more than once."""

    def __init__(self, images: Iterable[Image]) -> None:
        self._images = {image.path: image for image in images}
        self._above: dict[str, list[str]] = {}
        for image in self._images.values():
            if image.backing:
                self._above.setdefault(image.backing, []).append(image.path)

    def get(self, path: str) -> Image | None:
        """Return the image at ``path``."""
        return self._images.get(path)

    def chain(self, path: str) -> tuple[Image, ...]:
        """Return what ``path`` reads from, its own first; it stops where it would go round.

        A file that nothing is known of ends it, as an image of which only the path is known.
        """
        found: dict[str, Image] = {}
        while path and path not in found:
            found[path] = self._images.get(path) or Image(path)
            path = found[path].backing
        return tuple(found.values())

    def above(self, path: str) -> tuple[str, ...]:
        """Return the paths of those images that read from ``path`` directly."""
        return tuple(self._above.get(path, ()))

    def ways_up(self, path: str) -> dict[str, tuple[str, ...]]:
        """Return each image built on ``path``, itself first, with the way down from it."""
        ways: dict[str, tuple[str, ...]] = {path: (path,)}
        waiting = [path]
        while waiting:
            lower = waiting.pop(0)
            for upper in self._above.get(lower, ()):
                if upper not in ways:
                    ways[upper] = (upper, *ways[lower])
                    waiting.append(upper)
        return ways

    def users(self, path: str) -> tuple[ImageUser, ...]:
        """Return all who read ``path``, as `readers` does, without their ways: it is faster."""
        found = {path: None}
        waiting = [path]
        for lower in waiting:
            above = [upper for upper in self._above.get(lower, ()) if upper not in found]
            found.update(dict.fromkeys(above))
            waiting += above
        images = (self._images.get(each) for each in found)
        return tuple(user for image in images if image is not None for user in image.users)

    def readers(self, path: str) -> tuple[Reader, ...]:
        """Return all who read ``path``, directly or through what is built on it."""
        return tuple(
            Reader(user, way)
            for top, way in self.ways_up(path).items()
            if (image := self._images.get(top)) is not None
            for user in image.users
        )


def chain(images: Iterable[Image], path: str) -> tuple[Image, ...]:
    """Return what ``path`` reads from, its own first; see `ImageGraph.chain`."""
    return ImageGraph(images).chain(path)


def built_on(images: Iterable[Image], path: str) -> tuple[Image, ...]:
    """Return the images that read from ``path``, directly or through others, the nearest first."""
    graph = ImageGraph(images)
    found = (graph.get(upper) for upper in graph.ways_up(path) if upper != path)
    return tuple(image for image in found if image is not None)


def readers(images: Iterable[Image], path: str) -> tuple[Reader, ...]:
    """Return all who read ``path``; see `ImageGraph.readers`."""
    return ImageGraph(images).readers(path)


def depends_on(
    storage: MachineStorage, path: str, besides: Iterable[Key | str] = ()
) -> tuple[Reader, ...]:
    """Return who reads ``path``, but for those who don't count.

    ``besides`` holds keys of machines that are left out with all their snapshots, and names of
    snapshots of the machine itself; "" stands for that machine as it is and starts next.
    """
    left_out = frozenset(besides)
    return tuple(
        reader
        for reader in readers(storage.images, path)
        if reader.user.domain not in left_out
        and not (reader.user.domain == storage.domain.key and reader.user.snapshot in left_out)
    )


def unused(images: Iterable[Image]) -> tuple[Image, ...]:
    """Return files in a pool that look like disks, and that no machine and no snapshot reads.

    One may be the base of another of them. Whoever acts on that looks at
    `MachineStorage.unread` first: it may be used unseen.
    """
    graph = ImageGraph(found := tuple(images))
    return tuple(
        image
        for image in found
        if image.pool is not None and _looks_like_disk(image) and not graph.readers(image.path)
    )


def missing(images: Iterable[Image]) -> tuple[Image, ...]:
    """Return files that somebody needs and that are known not to be there."""
    graph = ImageGraph(found := tuple(images))
    return tuple(
        image
        for image in found
        if image.exists is False and (image.users or graph.above(image.path))
    )


def disk_image(storage: MachineStorage, target: str, snapshot: str = "") -> Image | None:
    """Return what a disk of the machine is: now, or when ``snapshot`` was taken; None for none."""
    use = Use.STATE if snapshot else Use.DISK
    found = [
        (user.active, image)
        for image in storage.images
        for user in image.users
        if (user.domain, user.use, user.target, user.snapshot)
        == (storage.domain.key, use, target, snapshot)
    ]
    # A machine that runs on another file than it starts with next: what it runs on.
    return max(found, key=lambda each: each[0])[1] if found else None


def _looks_like_disk(image: Image) -> bool:
    return image.format in DISK_FORMATS or image.path.lower().endswith(_DISK_ENDINGS)
