import platform
from pathlib import Path

import pytest

from vmgui.lab import LabUnavailable, kernel
from vmgui.lab.kernel import guest_boot


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, and busybox's place taken by any file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    busybox = tmp_path / "busybox"
    busybox.write_bytes(b"BUSYBOX")
    monkeypatch.setattr(kernel, "busybox_path", lambda: str(busybox))
    return tmp_path / "vmgui" / "lab"


def _keep(cache: Path, release: str) -> Path:
    folder = cache / f"kernel-{release}"
    (folder / "modules").mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(release.encode())
    (folder / "modules" / "virtio.ko").write_bytes(b"MODULE")
    (folder / "order").write_text("virtio")
    return folder


def test_a_kept_kernel_is_taken_without_asking_anybody(cache: Path) -> None:
    _keep(cache, "6.1.0")
    said: list[str] = []
    boot = guest_boot(said.append)
    assert boot.release == "6.1.0"
    assert (boot.folder / "vmlinuz").read_bytes() == b"6.1.0"
    assert b"MODULE" in (boot.folder / "initramfs").read_bytes()
    assert guest_boot(said.append) == boot
    assert said == []


def test_another_busybox_makes_another_initramfs(cache: Path, tmp_path: Path) -> None:
    _keep(cache, "6.1.0")
    before = guest_boot(lambda _: None)
    (tmp_path / "busybox").write_bytes(b"NEWER")
    after = guest_boot(lambda _: None)
    assert after.folder != before.folder
    assert b"NEWER" in (after.folder / "initramfs").read_bytes()


@pytest.mark.parametrize("family", ["debian", "fedora", "arch", ""])
def test_without_any_source_every_complaint_is_told(
    family: str, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernel, "distribution_family", lambda: family)
    monkeypatch.setattr(platform, "release", lambda: "0.0.0-none")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(LabUnavailable) as refusal:
        guest_boot(lambda _: None)
    tool = {"debian": "apt-cache", "fedora": "dnf", "arch": "pacman"}.get(family, "")
    assert tool in refusal.value.why
    assert "no readable vmlinuz of 0.0.0-none" in refusal.value.why
    assert "/boot/vmlinuz-0.0.0-none" in refusal.value.what_to_do
    assert list(cache.iterdir()) == []


def test_the_machines_own_kernel_is_the_last_resort(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    modules = tmp_path / "modules"
    (modules / "kernel").mkdir(parents=True)
    (modules / "vmlinuz").write_bytes(b"OWN")
    (modules / "kernel" / "virtio_net.ko").write_bytes(b"\0depends=\0")
    monkeypatch.setattr(kernel, "distribution_family", lambda: "")
    monkeypatch.setattr(kernel, "MODULE_TREES", tmp_path)
    monkeypatch.setattr(platform, "release", lambda: "modules")
    said: list[str] = []
    boot = guest_boot(said.append)
    assert said == ["Fetching a kernel for the guests."]
    assert (boot.folder / "vmlinuz").read_bytes() == b"OWN"
    assert b"virtio_net.ko" in (boot.folder / "initramfs").read_bytes()
    assert not (boot.folder / "vmlinuz").is_symlink()
