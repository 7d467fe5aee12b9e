"""What packaging/setup.sh decides, with the system's programs replaced by recorders.

The shell functions run for real. The PATH holds nothing but the tools that they need and fakes that
write down how they were called, so that no test can install anything.
"""

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[3] / "packaging" / "setup.sh"
TOOLS = ("bash", "cat", "cut", "dirname", "env", "mktemp", "rm", "sha256sum", "tail")
OS_RELEASE = {
    "debian": "ID=debian\n",
    "ubuntu": 'ID=ubuntu\nID_LIKE="debian"\n',
    "mint": 'ID=linuxmint\nID_LIKE="ubuntu debian"\n',
    "fedora": "ID=fedora\n",
    "nobara": "ID=nobara\nID_LIKE=fedora\n",
    "rocky": 'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "arch": "ID=arch\n",
    "manjaro": "ID=manjaro\nID_LIKE=arch\n",
    "suse": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
    "nothing": "",
}


@dataclass
class Machine:
    """A machine of fakes: what it has installed, and what was called on it."""

    root: Path

    def fake(self, name: str, script: str) -> None:
        """Put a program on the PATH that notes its call and then does what the script says."""
        path = self.root / "bin" / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>"{self.root}/calls"\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def become(self, distribution: str, *, uid: int = 0) -> None:
        (self.root / "os-release").write_text(OS_RELEASE[distribution])
        self.fake("id", f"echo {uid}")

    def installs_with(self, name: str) -> None:
        """Make a package manager that adds its arguments to what is installed."""
        self.fake(name, f'for word; do echo "$word" >>"{self.root}/installed"; done')

    def sh(self, script: str, *, terminal: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run a script over the shell functions; at a terminal, if one is given."""
        prologue = f"""
            set -euo pipefail
            . {SETUP}
            checkout={self.root}/checkout venv={self.root}/checkout/.venv
            os_release={self.root}/os-release system_python={self.root}/no-python
            libvirt_root={self.root}/usr pacman_lists={self.root}/sync
        """
        return subprocess.run(
            ["bash", "-c", prologue + script],
            env={"PATH": str(self.root / "bin"), "TMPDIR": str(self.root)},
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def called(self, *programs: str) -> list[str]:
        return [call for call in self.calls if call.split()[0] in programs]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian, seen by root, with nothing installed but a Python that will do."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "checkout").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    machine = Machine(tmp_path)
    machine.become("debian")
    (tmp_path / "installed").touch()
    machine.fake(
        "dpkg-query",
        f'shift 3; for word; do while read -r line; do [[ $line == "$word" ]] && '
        f'echo "$word installed"; done <{tmp_path}/installed; done; exit 1',
    )
    machine.fake("python3.13", "echo /fake/python3.13")
    machine.installs_with("apt-get")
    return machine


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("debian", "debian"),
        ("ubuntu", "debian"),
        ("mint", "debian"),
        ("fedora", "fedora"),
        ("nobara", "fedora"),
        ("rocky", "unknown"),
        ("arch", "arch"),
        ("manjaro", "arch"),
        ("suse", "unknown"),
        ("nothing", "unknown"),
    ],
)
def test_a_derived_distribution_counts_as_its_parent(
    machine: Machine, name: str, family: str
) -> None:
    machine.become(name)
    assert machine.sh("distribution").stdout.strip() == family


def test_an_ordinary_run_asks_the_package_manager_once_and_installs_nothing(
    machine: Machine,
) -> None:
    names = machine.sh("packages_for debian window; packages_for debian lab").stdout
    (machine.root / "installed").write_text(names)
    run = machine.sh("ensure_packages no window lab")
    assert (run.returncode, run.stderr) == (0, "")
    assert len(machine.called("dpkg-query")) == 1
    assert machine.called("apt-get", "sudo") == []


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    names = machine.sh("packages_for debian window; packages_for debian lab").stdout.split()
    names.remove("gcc")
    names.remove("uidmap")
    (machine.root / "installed").write_text("\n".join(names) + "\n")
    run = machine.sh("ensure_packages no window lab")
    assert run.returncode == 0, run.stderr
    assert run.stderr == "vmgui: installing 2 system packages\n"
    (call,) = machine.called("apt-get")
    assert call.split()[-2:] == ["gcc", "uidmap"]
    assert "--no-install-recommends" in call
    assert "-y" in call.split()


def test_a_package_that_was_removed_and_left_its_configuration_is_missing(
    machine: Machine,
) -> None:
    machine.fake("dpkg-query", "echo 'gcc config-files'; echo 'g++ installed'")
    assert machine.sh("missing debian gcc g++").stdout.split() == ["gcc"]


def test_lists_that_are_absent_are_fetched_and_the_installation_tried_again(
    machine: Machine,
) -> None:
    machine.fake(
        "apt-get",
        f"[[ $1 == update ]] && touch {machine.root}/lists\n"
        f"[[ -e {machine.root}/lists ]] || exit 100\n"
        f'for word; do echo "$word" >>{machine.root}/installed; done',
    )
    machine.fake("touch", f": >{machine.root}/lists")
    run = machine.sh("ensure_packages no window lab")
    assert run.returncode == 0, run.stderr
    assert [call.split()[1] for call in machine.called("apt-get")] == [
        "install",
        "update",
        "install",
    ]


def test_drivers_with_packages_of_their_own_are_installed_after_the_daemon(
    machine: Machine,
) -> None:
    sbin = machine.root / "usr" / "sbin"
    sbin.mkdir(parents=True)
    drivers = machine.root / "usr" / "lib" / "x" / "libvirt" / "connection-driver"
    drivers.mkdir(parents=True)
    (drivers / "libvirt_driver_secret.so").touch()
    (machine.root / "bin" / "chmod").symlink_to(shutil.which("chmod") or "")
    machine.fake(
        "apt-get",
        f'for word; do echo "$word" >>{machine.root}/installed; done\n'
        f">{sbin}/libvirtd; chmod +x {sbin}/libvirtd",
    )
    run = machine.sh("ensure_packages no window lab")
    assert run.returncode == 0, run.stderr
    first, second = machine.called("apt-get")
    assert "libvirt-daemon-driver-network" not in first
    assert second.split()[-5:] == [
        f"libvirt-daemon-driver-{name}"
        for name in ("interface", "network", "nodedev", "nwfilter", "storage")
    ]


def test_a_python_is_installed_only_where_none_will_do(machine: Machine) -> None:
    machine.sh("ensure_packages no window")
    assert "python3-venv" not in machine.called("apt-get")[0]
    machine.fake("python3.13", "exit 1")
    (machine.root / "installed").write_text("")
    machine.sh("ensure_packages no window")
    assert "python3-dev python3-venv" in machine.called("apt-get")[-1]


def test_without_a_terminal_nobody_is_asked_and_the_command_is_told(machine: Machine) -> None:
    machine.become("debian", uid=1000)
    machine.fake("sudo", '"$@"')
    run = machine.sh("ensure_packages no window lab")
    assert run.returncode == 1
    assert "this is not a terminal" in run.stderr
    assert "apt-get install --no-install-recommends gcc " in run.stderr
    assert machine.called("sudo", "apt-get") == []


@pytest.mark.parametrize(("answer", "installs"), [("y", True), ("", True), ("n", False)])
def test_at_a_terminal_the_answer_decides(machine: Machine, answer: str, *, installs: bool) -> None:
    machine.become("debian", uid=1000)
    machine.fake("sudo", '[[ $1 == -v ]] || exec "$@"')
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    run = machine.sh("ensure_packages no window", terminal=theirs)
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "install these now? [Y/n]" in said
    assert (run.returncode == 0) is installs
    assert bool(machine.called("sudo", "apt-get")) is installs


def test_yes_goes_ahead_with_sudo_that_never_waits_for_a_password(machine: Machine) -> None:
    machine.become("debian", uid=1000)
    machine.fake("sudo", '[[ $1 == -n ]] || exit 9; shift; [[ $1 == -v ]] || exec "$@"')
    run = machine.sh("ensure_packages yes window lab")
    assert run.returncode == 0, run.stderr
    assert len(machine.called("apt-get")) == 1


def test_without_sudo_the_command_is_told(machine: Machine) -> None:
    machine.become("debian", uid=1000)
    run = machine.sh("ensure_packages yes window lab")
    assert run.returncode == 1
    assert "there is no sudo here" in run.stderr
    assert "first do this as root" in run.stderr


@pytest.mark.parametrize(
    ("purposes", "goes_on"), [("window lab", True), ("window lab test", False)]
)
def test_what_only_the_lab_lacks_ends_the_tests_but_not_the_window(
    machine: Machine, purposes: str, *, goes_on: bool
) -> None:
    machine.become("debian", uid=1000)
    names = machine.sh("packages_for debian window; packages_for debian test").stdout
    (machine.root / "installed").write_text(names)
    run = machine.sh(f"ensure_packages yes {purposes}")
    assert (run.returncode == 0) is goes_on
    assert ("going on without a lab" in run.stderr) is goes_on
    assert "uidmap" in run.stderr


def test_a_failed_installation_shows_the_end_of_its_output(machine: Machine) -> None:
    machine.fake("apt-get", "echo 'E: no space left'; exit 100")
    run = machine.sh("ensure_packages yes window")
    assert run.returncode == 1
    assert "E: no space left" in run.stderr
    assert "failed: installing" in run.stderr
    assert "first do this as root" in run.stderr


def test_fedora_asks_rpm_once_when_all_is_there_and_installs_with_dnf(machine: Machine) -> None:
    machine.become("fedora")
    machine.installs_with("dnf")
    machine.fake(
        "rpm",
        f'[[ " $* " != *" gcc "* || " $(<{machine.root}/installed) " == *gcc* ]]',
    )
    assert machine.sh("ensure_packages no window lab").returncode == 0
    assert machine.called("dnf") == ["dnf install --setopt=install_weak_deps=False -y gcc"]
    (machine.root / "calls").unlink()
    assert machine.sh("ensure_packages no window lab").returncode == 0
    assert len(machine.called("rpm")) == 1
    assert machine.called("dnf") == []


def test_arch_fetches_lists_only_where_there_are_none(machine: Machine) -> None:
    machine.become("arch")
    machine.fake("pacman", "[[ $1 == -T ]] && echo gcc; exit 0")
    machine.sh("ensure_packages no window")
    installing = ["pacman -S --needed --noconfirm gcc"]
    assert machine.called("pacman")[1:3] == ["pacman -Sy --noconfirm", *installing]
    (machine.root / "calls").unlink()
    (machine.root / "sync").mkdir()
    (machine.root / "sync" / "core.db").touch()
    machine.sh("ensure_packages no window")
    assert machine.called("pacman")[1:2] == installing


def test_an_unknown_distribution_is_told_and_passed_over(machine: Machine) -> None:
    machine.become("suse")
    run = machine.sh("ensure_packages no window lab test")
    assert run.returncode == 0
    assert "packages of this distribution are not known" in run.stderr


@pytest.mark.parametrize("family", ["debian", "fedora", "arch"])
@pytest.mark.parametrize("purpose", ["window", "lab", "test"])
def test_every_family_names_packages_for_every_purpose(
    machine: Machine, family: str, purpose: str
) -> None:
    names = machine.sh(f"packages_for {family} {purpose}").stdout.split()
    assert len(names) == len(set(names)) >= 5


def test_the_first_python_that_works_is_taken(machine: Machine) -> None:
    machine.fake("python3.13", "exit 127")  # a pyenv shim of a version that is not chosen
    machine.fake("python3.11", "echo /fake/python3.11")
    machine.fake("python3", "echo /fake/python3")
    assert machine.sh('find_python; echo "$python"').stdout.strip() == "/fake/python3.11"


def test_no_python_at_all_is_said(machine: Machine) -> None:
    (machine.root / "bin" / "python3.13").unlink()
    assert machine.sh("find_python").returncode == 1


@pytest.fixture
def environment(machine: Machine) -> Machine:
    """A checkout with lock files, and a Python that makes environments of fakes."""
    packaging = machine.root / "checkout" / "packaging"
    packaging.mkdir()
    for lock in ("-build", "", "-test"):
        (packaging / f"requirements{lock}.txt").write_text(f"lock{lock}\n")
    (packaging / "setup.sh").touch()
    for tool in ("chmod", "flock", "mkdir", "realpath", "sleep"):
        found = shutil.which(tool)
        assert found is not None
        (machine.root / "bin" / tool).symlink_to(found)
    # In .venv: tells its version, its site-packages, and fails to install where `broken` says so.
    machine.fake(
        "venv-python",
        f"""
        case "$*" in
            *sys.version*) echo 3.13.1 ;;
            *sysconfig*) echo {machine.root}/checkout/.venv/lib ;;
            *"pip install"*) [[ ! -e {machine.root}/broken ]] ;;
        esac""",
    )
    made = machine.root / "checkout" / ".venv"
    machine.fake(
        "fake-python",
        f"""
        case $1 in
            -V) echo Python 3.13.1 ;;
            -m) [[ $* != *--clear* ]] || rm -rf {made}
                mkdir -p {made}/bin {made}/lib
                echo 'exec venv-python "$@"' >{made}/bin/python
                chmod +x {made}/bin/python ;;
        esac""",
    )
    machine.fake("python3.13", f"echo {machine.root}/bin/fake-python")
    return machine


def installed_locks(machine: Machine) -> list[str]:
    """The lock files that pip was given, in order."""
    return [
        Path(word).name
        for call in machine.called("venv-python")
        for word in call.split()
        if word.endswith(".txt")
    ]


def test_the_second_run_starts_one_python_and_installs_nothing(environment: Machine) -> None:
    run = environment.sh("ensure_venv run")
    assert run.returncode == 0, run.stderr
    assert installed_locks(environment) == ["requirements-build.txt", "requirements.txt"]
    (environment.root / "calls").unlink()
    run = environment.sh("ensure_venv run")
    assert (run.returncode, run.stderr) == (0, "")
    assert len(environment.calls) == 1


def test_every_installation_checks_hashes_and_all_but_the_binding_are_wheels(
    environment: Machine,
) -> None:
    environment.sh("ensure_venv test")
    installs = [call for call in environment.called("venv-python") if "pip install" in call]
    assert len(installs) == 3
    assert all("--require-hashes" in call for call in installs)
    assert "--no-binary libvirt-python" in installs[1]


def test_test_tools_are_added_to_what_is_there(environment: Machine) -> None:
    environment.sh("ensure_venv run")
    (environment.root / "calls").unlink()
    environment.sh("ensure_venv test")
    assert installed_locks(environment) == ["requirements-test.txt"]
    (environment.root / "calls").unlink()
    environment.sh("ensure_venv run")
    assert installed_locks(environment) == []


def test_an_installation_that_failed_is_made_again_from_nothing(environment: Machine) -> None:
    (environment.root / "broken").touch()
    assert environment.sh("ensure_venv run").returncode != 0
    leftover = environment.root / "checkout" / ".venv" / "half-a-package"
    leftover.touch()
    (environment.root / "broken").unlink()
    assert environment.sh("ensure_venv run").returncode == 0
    assert not leftover.exists()


def test_adding_test_tools_that_fails_leaves_nothing_that_counts_as_whole(
    environment: Machine,
) -> None:
    environment.sh("ensure_venv run")
    (environment.root / "broken").touch()
    assert environment.sh("ensure_venv test").returncode != 0
    assert environment.sh("venv_is_ready run").returncode != 0


@pytest.mark.parametrize("lock", ["requirements-build.txt", "requirements.txt"])
def test_a_changed_lock_is_installed(environment: Machine, lock: str) -> None:
    environment.sh("ensure_venv run")
    (environment.root / "checkout" / "packaging" / lock).write_text("newer\n")
    assert environment.sh("venv_is_ready run").returncode != 0


def test_another_python_under_the_environment_is_noticed(environment: Machine) -> None:
    environment.sh("ensure_venv run")
    environment.fake("venv-python", "echo 3.14.0")
    assert environment.sh("venv_is_ready run").returncode != 0
    environment.fake("venv-python", "exit 1")  # the distribution's upgrade took it away
    assert environment.sh("venv_is_ready run").returncode != 0


def test_the_checkout_is_on_the_path_and_may_be_moved(environment: Machine) -> None:
    environment.sh("ensure_venv run")
    site = environment.root / "checkout" / ".venv" / "lib"
    line = (site / "vmgui-checkout.pth").read_text().strip()
    assert not Path(line).is_absolute()
    assert Path(os.path.normpath(site / line)) == environment.root / "checkout"
