"""The guest's kernel: fetched as a package and unpacked, or the machine's own.

Each distribution's own tool fetches, from where it fetches everything; nothing is installed.
What was unpacked is kept in the cache for good.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vmgui import places
from vmgui.lab.initramfs import initramfs, modules_in_order
from vmgui.lab.records import LabUnavailable
from vmgui.lab.requirements import busybox_path, distribution_family

_FETCH_TIMEOUT_S = 600
# Virtual kernels first: smaller, and up sooner. Each is a name that stands for the newest.
_DEBIAN_KERNELS = ("linux-image-cloud-amd64", "linux-image-virtual", "linux-image-amd64")
MODULE_TREES = Path("/lib/modules")


@dataclass(frozen=True, slots=True)
class GuestBoot:
    """What a guest boots from: a folder with ``vmlinuz`` and ``initramfs``, and its release."""

    folder: Path
    release: str


class _NoKernel(Exception):
    """A source that has none; the message says why."""


def _run(*command: str | Path, cwd: Path) -> str:
    """Run a tool in a folder and return what it says; raise _NoKernel with its complaint."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_FETCH_TIMEOUT_S,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise _NoKernel(f"there is no {command[0]}") from None
    except subprocess.TimeoutExpired:
        raise _NoKernel(f"{command[0]} took more than {_FETCH_TIMEOUT_S} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise _NoKernel(f"{command[0]} said: {said[-1] if said else 'nothing'}")
    return done.stdout


def _unpack(work: Path, pattern: str, *command: str) -> None:
    packages = sorted(work.glob(pattern))
    if not packages:
        raise _NoKernel(f"no {pattern} came")
    for package in packages:
        _run(*command, package, cwd=work)


def _from_debian(work: Path) -> None:
    """Fetch by apt: the name that stands for the newest kernel, then what it depends on."""
    complaints = []
    for name in _DEBIAN_KERNELS:
        try:
            image = _debian_dependency(name, "linux-image-", work)
            packages = [image]
            with suppress(_NoKernel):
                # Ubuntu keeps the modules in a package of their own, Debian beside the kernel.
                packages.append(_debian_dependency(image, "linux-modules-", work))
            _run("apt-get", "download", "-q", *packages, cwd=work)
            for package in sorted(work.glob("*.deb")):
                _run("dpkg-deb", "-x", package, work, cwd=work)
        except _NoKernel as failure:
            complaints.append(f"{name}: {failure}")
        else:
            return
    raise _NoKernel("; ".join(complaints))


def _debian_dependency(package: str, prefix: str, work: Path) -> str:
    said = _run("apt-cache", "depends", "--important", package, cwd=work)
    for line in said.splitlines():
        kind, _, name = line.strip().partition("Depends: ")
        if not kind and name.startswith(prefix):
            return name
    raise _NoKernel("apt knows none; its lists may be empty (apt-get update)")


def _from_fedora(work: Path) -> None:
    """Fetch by dnf, and unpack without rpm's database."""
    _run("dnf", "download", "-q", "kernel-core", "kernel-modules-core", cwd=work)
    _unpack(work, "*.rpm", "sh", "-c", 'rpm2cpio "$0" | cpio -idm --quiet')


def _from_arch(work: Path) -> None:
    """Fetch by pacman, which does so for root only."""
    _run("pacman", "-Sw", "--noconfirm", "--cachedir", str(work), "linux", cwd=work)
    _unpack(work, "linux-*.pkg.tar.zst", "tar", "--zstd", "-xf")


def _from_machine(work: Path) -> None:
    """Take the running kernel, where its file may be read."""
    release = platform.release()
    modules = MODULE_TREES / release
    for kernel in (modules / "vmlinuz", Path(f"/boot/vmlinuz-{release}")):
        if os.access(kernel, os.R_OK) and modules.is_dir():
            target = work / "lib" / "modules" / release
            target.parent.mkdir(parents=True)
            target.symlink_to(modules)
            (work / "vmlinuz").symlink_to(kernel)
            return
    raise _NoKernel(f"no readable vmlinuz of {release} in {MODULE_TREES} or /boot")


_SOURCES: dict[str, tuple[Callable[[Path], None], ...]] = {
    "debian": (_from_debian, _from_machine),
    "fedora": (_from_fedora, _from_machine),
    "arch": (_from_arch, _from_machine),
    "": (_from_machine,),
}


def guest_boot(progress: Callable[[str], None]) -> GuestBoot:
    """Return what the guests boot from, made first where the cache has none.

    Raises LabUnavailable with every source's complaint when no source has a kernel.
    """
    cache = places.cache_dir() / "lab"
    cache.mkdir(parents=True, exist_ok=True)
    kernel = _kept_kernel(cache)
    if kernel is None:
        progress("Fetching a kernel for the guests.")
        _keep_kernel(cache)
        kernel = _kept_kernel(cache)
        assert kernel is not None
    return _with_initramfs(kernel)


def _kept_kernel(cache: Path) -> Path | None:
    kept = sorted(cache.glob("kernel-*/vmlinuz"))
    return kept[-1].parent if kept else None


def _keep_kernel(cache: Path) -> None:
    complaints = []
    for source in _SOURCES[distribution_family()]:
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as name:
            work = Path(name)
            try:
                source(work)
                _keep(work, cache)
            except (_NoKernel, OSError, subprocess.CalledProcessError) as failure:
                complaints.append(f"{source.__doc__}".split(",")[0].split(":")[0] + f": {failure}.")
                continue
            return
    raise LabUnavailable(
        "There is no kernel for the lab's guests.",
        " ".join(complaints),
        "Refresh the lists of packages (apt-get update, dnf makecache, pacman -Sy), or make "
        f"/boot/vmlinuz-{platform.release()} readable.",
    )


def _keep(work: Path, cache: Path) -> None:
    """Move the kernel and the few modules it needs to their place, whole or not at all."""
    trees = sorted(path for path in work.glob("**/lib/modules/*") if path.is_dir())
    if not trees:
        raise _NoKernel("the package holds no modules")
    tree = trees[-1]
    candidates = [*work.glob("vmlinuz"), *work.glob("boot/vmlinuz-*"), *tree.glob("vmlinuz")]
    if not candidates:
        raise _NoKernel("the package holds no kernel")
    ready = work / "ready"
    (ready / "modules").mkdir(parents=True)
    shutil.copyfile(candidates[0], ready / "vmlinuz")
    modules = modules_in_order(tree)
    for name, content in modules.items():
        (ready / "modules" / f"{name}.ko").write_bytes(content)
    (ready / "order").write_text("\n".join(modules))
    target = cache / f"kernel-{tree.name}"
    try:
        ready.rename(target)
    except OSError:
        # Another lab was first; its copy is as good.
        if not target.is_dir():
            raise


def _with_initramfs(kernel: Path) -> GuestBoot:
    """Return the boot folder of this kernel, made anew when our scripts or busybox changed."""
    busybox = busybox_path()
    assert busybox is not None
    names = (kernel / "order").read_text().split()
    modules = {name: (kernel / "modules" / f"{name}.ko").read_bytes() for name in names}
    packed = initramfs(Path(busybox).read_bytes(), modules)
    release = kernel.name.removeprefix("kernel-")
    target = kernel.parent / f"boot-{release}-{hashlib.sha256(packed).hexdigest()[:12]}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=kernel.parent, prefix="making-") as name:
            ready = Path(name) / "ready"
            ready.mkdir()
            (ready / "initramfs").write_bytes(packed)
            os.link(kernel / "vmlinuz", ready / "vmlinuz")
            try:
                ready.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
    return GuestBoot(target, release)
