"""The whole root file system of a lab's guest: busybox, a few kernel modules, a few scripts.

Formats: "newc" cpio as in the kernel's ``Documentation/driver-api/early-userspace/
buffer-format.rst``; a module's dependencies as ``depends=`` in its ``.modinfo`` section.
"""

import gzip
import lzma
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

# What the guest asks for; what these depend on is found in the modules themselves, and what the
# kernel has built in is in no file. evdev and button are how a guest hears "shut down".
WANTED_MODULES = (
    "virtio_pci",
    "virtio_balloon",
    "virtio_console",
    "virtio_blk",
    "virtio_net",
    "evdev",
    "button",
)

_FILE, _FOLDER, _LINK = 0o100000, 0o040000, 0o120000

_INITTAB = """\
::sysinit:/etc/start
::respawn:/etc/work
::respawn:/etc/write
::respawn:/etc/beat
ttyS0::respawn:-/bin/sh
tty1::respawn:-/bin/sh
::ctrlaltdel:/bin/poweroff
"""

_PROFILE = "export PATH=/bin PS1='\\h:\\w\\$ '\n"


def archive(
    files: Mapping[str, bytes], executable: frozenset[str], links: Mapping[str, str]
) -> bytes:
    """Return a cpio archive of these files and links; their folders are made along the way.

    Paths are relative. The same content gives the same bytes: no times, no owners.
    """
    folders = {str(parent) for path in (*files, *links) for parent in Path(path).parents} - {"."}
    entries = [(folder, _FOLDER | 0o755, b"") for folder in sorted(folders)]
    for path, content in sorted(files.items()):
        entries.append((path, _FILE | (0o755 if path in executable else 0o644), content))
    entries += [(path, _LINK | 0o777, target.encode()) for path, target in sorted(links.items())]
    entries.append(("TRAILER!!!", 0, b""))
    out = bytearray()
    for number, (path, mode, content) in enumerate(entries, start=1):
        name = path.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        out += bytes(-len(out) % 4)
        out += content
        out += bytes(-len(out) % 4)
    return bytes(out)


def module_name(path: Path) -> str:
    """Return the kernel's name of a module's file: ``virtio-rng.ko.xz`` is ``virtio_rng``."""
    return path.name.split(".")[0].replace("-", "_")


def read_module(path: Path) -> bytes:
    """Return a module as the kernel takes it, whatever the distribution packed it with.

    Raises OSError or subprocess.CalledProcessError when it can't be unpacked.
    """
    match path.suffix:
        case ".xz":
            return lzma.decompress(path.read_bytes())
        case ".gz":
            return gzip.decompress(path.read_bytes())
        case ".zst":
            return subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
        case _:
            return path.read_bytes()


def dependencies(module: bytes) -> tuple[str, ...]:
    """Return the names of the modules that this one needs loaded before it."""
    found = re.search(rb"\0depends=([^\0]*)\0", module)
    names = found.group(1).decode() if found else ""
    return tuple(name.replace("-", "_") for name in names.split(",") if name)


def modules_in_order(tree: Path, wanted: Iterable[str] = WANTED_MODULES) -> dict[str, bytes]:
    """Return the wanted modules of a kernel's module tree, each behind what it depends on."""
    files = {module_name(path): path for path in tree.rglob("*.ko*") if path.is_file()}
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in ordered or name not in files:
            return
        content = read_module(files.pop(name))
        for needed in dependencies(content):
            add(needed)
        ordered[name] = content

    for name in wanted:
        add(name)
    return ordered


def initramfs(busybox: bytes, modules: Mapping[str, bytes]) -> bytes:
    """Return the guest's initramfs. ``busybox`` must be a static program.

    It isn't compressed: unpacking takes an emulated processor longer than reading.
    """
    here = Path(__file__).parent
    scripts = {
        "etc/start": (here / "guest_init.sh").read_bytes(),
        "etc/lease": (here / "guest_lease.sh").read_bytes(),
        "etc/work": (here / "guest_work.sh").read_bytes(),
        "etc/write": (here / "guest_write.sh").read_bytes(),
        "etc/beat": (here / "guest_beat.sh").read_bytes(),
        "etc/acpi/PWRF/00000080": b"#!/bin/sh\n/bin/poweroff\n",
    }
    files = {
        "bin/busybox": busybox,
        **scripts,
        "etc/inittab": _INITTAB.encode(),
        "etc/profile": _PROFILE.encode(),
        "modules/order": "".join(f"{name}.ko\n" for name in modules).encode(),
        **{f"modules/{name}.ko": content for name, content in modules.items()},
        "proc/.keep": b"",
        "sys/.keep": b"",
        "dev/.keep": b"",
    }
    executable = frozenset({"bin/busybox", *scripts})
    links = {"init": "bin/busybox", "bin/sh": "busybox"}
    return archive(files, executable, links)
