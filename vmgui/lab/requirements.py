"""What a machine must have for a lab, and what to do about what it lacks."""

import os
import platform
import pwd
import shutil
from collections.abc import Iterable
from pathlib import Path

from vmgui.lab.records import LabProblem

# Programs of system services are often out of an ordinary user's path.
SEARCH_PATH = os.pathsep.join(
    dict.fromkeys([*os.get_exec_path(), "/usr/local/sbin", "/usr/sbin", "/sbin"])
)

QEMU = "qemu-system-x86_64"

# What is needed -> its package, by the distribution's family.
_PACKAGES: dict[str, dict[str, str]] = {
    "libvirtd": {
        "debian": "libvirt-daemon-system",
        "fedora": "libvirt-daemon",
        "arch": "libvirt",
    },
    "qemu driver of libvirt": {
        "debian": "libvirt-daemon-driver-qemu",
        "fedora": "libvirt-daemon-driver-qemu",
        "arch": "libvirt",
    },
    "network driver of libvirt": {
        "debian": "libvirt-daemon",
        "fedora": "libvirt-daemon-driver-network",
        "arch": "libvirt",
    },
    "storage driver of libvirt": {
        "debian": "libvirt-daemon",
        "fedora": "libvirt-daemon-driver-storage-core",
        "arch": "libvirt",
    },
    QEMU: {"debian": "qemu-system-x86", "fedora": "qemu-system-x86-core", "arch": "qemu-base"},
    "qemu-img": {"debian": "qemu-utils", "fedora": "qemu-img", "arch": "qemu-base"},
    "dnsmasq": {"debian": "dnsmasq-base", "fedora": "dnsmasq", "arch": "dnsmasq"},
    "iptables": {"debian": "iptables", "fedora": "iptables-nft", "arch": "iptables"},
    "newuidmap": {"debian": "uidmap", "fedora": "shadow-utils", "arch": "shadow"},
    "ip": {"debian": "iproute2", "fedora": "iproute", "arch": "iproute2"},
    "tc": {"debian": "iproute2", "fedora": "iproute-tc", "arch": "iproute2"},
    "nsenter": {"debian": "util-linux", "fedora": "util-linux", "arch": "util-linux"},
    "static busybox": {"debian": "busybox-static", "fedora": "busybox", "arch": "busybox"},
}
_INSTALL = {"debian": "apt-get install", "fedora": "dnf install", "arch": "pacman -S"}

DRIVER_FOLDERS = ("/usr/lib/*/libvirt", "/usr/lib64/libvirt", "/usr/lib/libvirt")
_DRIVERS = ("qemu", "network", "storage")
_MOST_IDS = 65535


def distribution_family() -> str:
    """Return ``debian``, ``fedora``, ``arch``, or nothing for any other."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    for name in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        if name in _INSTALL:
            return name
    return ""


def program(name: str) -> str | None:
    """Return the path of a program, services' folders included."""
    return shutil.which(name, path=SEARCH_PATH)


def busybox_path() -> str | None:
    """Return a busybox that runs in an empty root file system, or None."""
    for name in ("busybox", "busybox-static", "busybox.static"):
        path = program(name)
        if path and _is_static(Path(path)):
            return path
    return None


def _is_static(path: Path) -> bool:
    """Say whether a 64-bit little-endian ELF program names no interpreter (elf(5), PT_INTERP)."""
    with path.open("rb") as file:
        header = file.read(64)
        if header[:6] != b"\x7fELF\x02\x01":
            return False
        table = int.from_bytes(header[32:40], "little")
        size = int.from_bytes(header[54:56], "little")
        count = int.from_bytes(header[56:58], "little")
        file.seek(table)
        segments = file.read(size * count)
    kinds = [segments[at : at + 4] for at in range(0, len(segments), size)]
    return (3).to_bytes(4, "little") not in kinds


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def id_range(file: Path) -> tuple[int, int] | None:
    """Return the widest range (first, count) that subuid(5) or subgid(5) grants to this user."""
    mine = {_user_name(), str(os.geteuid())}
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    granted = []
    for line in lines:
        fields = line.split(":")
        if len(fields) == 3 and fields[0] in mine and fields[1].isdecimal():
            granted.append((int(fields[1]), min(int(fields[2]), _MOST_IDS)))
    return max(granted, key=lambda range_: range_[1], default=None)


def id_ranges() -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return the ranges of users and of groups to map; None for root, who needs none."""
    if os.geteuid() == 0:
        return None
    uids, gids = id_range(Path("/etc/subuid")), id_range(Path("/etc/subgid"))
    return (uids, gids) if uids and gids else None


def missing_program(name: str) -> str:
    """Return the sentences about a program that the lab can do without."""
    (problem,) = _missing([name])
    return f"{problem.what} {problem.what_to_do}"


def _missing(needed: Iterable[str]) -> Iterable[LabProblem]:
    family = distribution_family()
    for name in needed:
        package = _PACKAGES[name].get(family)
        yield LabProblem(
            f"No {name} was found.",
            "The lab is made with it.",
            f"Install it: {_INSTALL[family]} {package}" if package else f"Install {name}.",
        )


def missing_things() -> tuple[LabProblem, ...]:
    """Return what isn't installed or granted; looks at files only, and starts nothing."""
    if platform.machine() != "x86_64":
        return (
            LabProblem(
                "The lab runs on x86_64 only.",
                f"This machine is {platform.machine()}.",
                "Connect to a hypervisor elsewhere.",
            ),
        )
    needed = [name for name in ("libvirtd", QEMU, "qemu-img", "dnsmasq") if not program(name)]
    if not (program("iptables") or program("nft")):
        needed.append("iptables")
    if program("libvirtd"):
        needed += [f"{driver} driver of libvirt" for driver in _DRIVERS if not _driver(driver)]
    if busybox_path() is None:
        needed.append("static busybox")
    problems = []
    if os.geteuid() != 0:
        if not (program("newuidmap") and program("newgidmap")):
            needed.append("newuidmap")
        if id_ranges() is None:
            user = _user_name()
            problems.append(
                LabProblem(
                    f"{user} has no range of identities of their own.",
                    "/etc/subuid and /etc/subgid grant none.",
                    "Grant one: sudo usermod --add-subuids 100000-165535 "
                    f"--add-subgids 100000-165535 {user}",
                )
            )
    return (*_missing(needed), *problems)


def _driver(name: str) -> bool:
    folders = [found for pattern in DRIVER_FOLDERS for found in Path("/").glob(pattern[1:])]
    return any(
        (folder / "connection-driver" / f"libvirt_driver_{name}.so").exists() for folder in folders
    )
