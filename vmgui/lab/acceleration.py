"""Which accelerator the guests get: KVM where a guest was seen to boot on it, else emulation."""

import json
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from vmgui import places
from vmgui.lab.kernel import GuestBoot
from vmgui.lab.namespaces import begin
from vmgui.lab.requirements import QEMU, program

READY = "vmgui-guest ready"
# A guest on working KVM says so within a second; a slow machine gets much more.
_TRIAL_S = 8.0
_LOOK_S = 0.05


def virt_type(
    boot: GuestBoot,
    refused_devices: Mapping[str, str],
    scratch: Path,
    progress: Callable[[str], None],
) -> tuple[str, str]:
    """Return ``kvm`` or ``qemu``, and for the latter a sentence that says why.

    ``scratch`` is an existing folder for the trial's log.
    """
    if reason := refused_devices.get("/dev/kvm"):
        return "qemu", (
            f"Guests run in emulation: /dev/kvm can't be opened ({reason}). "
            "Where the processor has virtualization, it is slow for no need: "
            "let your user open /dev/kvm."
        )
    if _boots_on_kvm(boot, scratch, progress):
        return "kvm", ""
    return "qemu", (
        "Guests run in emulation: /dev/kvm is there, but a trial guest didn't boot on it."
    )


def _boots_on_kvm(boot: GuestBoot, scratch: Path, progress: Callable[[str], None]) -> bool:
    """Return the answer of a trial, remembered for this kernel until the machine restarts."""
    remembered = places.cache_dir() / "lab" / "kvm-trial.json"
    this_boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    key = f"{platform.release()} {this_boot} {boot.folder.name}"
    try:
        known = json.loads(remembered.read_text())
        if known["key"] == key:
            return bool(known["boots"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no answer yet, or one that can't be read
    progress("Trying whether a guest boots on KVM.")
    boots = _try(boot, scratch / "kvm-trial.log")
    draft = remembered.with_suffix(".new")
    draft.write_text(json.dumps({"key": key, "boots": boots}))
    draft.replace(remembered)
    return boots


def _try(boot: GuestBoot, log: Path) -> bool:
    """Boot the guest's own kernel on KVM, and wait for its greeting for a bounded time."""
    qemu = program(QEMU)
    assert qemu is not None
    argv = [
        qemu, "-accel", "kvm", "-m", "128", "-nodefaults", "-no-user-config", "-display", "none",
        "-no-reboot", "-serial", "stdio", "-kernel", str(boot.folder / "vmlinuz"),
        "-initrd", str(boot.folder / "initramfs"), "-append", "console=ttyS0 quiet vmgui.trial",
    ]  # fmt: skip
    trial = begin("trial", argv, log=str(log), once=True)
    give_up_at = time.monotonic() + _TRIAL_S
    try:
        trial.settle()
        while time.monotonic() < give_up_at and trial.process.poll() is None:
            if _greeted(log):
                return True
            time.sleep(_LOOK_S)
        return _greeted(log)
    finally:
        trial.close()
        log.unlink(missing_ok=True)


def _greeted(log: Path) -> bool:
    try:
        return READY in log.read_text(errors="replace")
    except FileNotFoundError:
        return False
