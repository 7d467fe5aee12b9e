"""The lab of an ordinary user, tried by root in that user's name.

The other user sees this Python and this tree through mounts of a namespace that ends with the
try: both often lie where only root may look, and /dev/net/tun is replaced there as well.
"""

import json
import os
import pwd
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vmgui import lab, places

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        os.geteuid() != 0,
        reason="only root can try it in another's name; this run's own lab is an ordinary user's",
    ),
]

_TREE = Path(__file__).parents[2]
_TUN_MAJOR_MINOR = ("c", "10", "200")

_ENTER = """
set -e
mount --bind {base} python
mount --bind {tree} tree
mount --bind {site} site
{extra}
exec {chroot} setpriv --reuid {user} --regid {user} --init-groups env -i \
    HOME={home} PATH=/usr/bin:/bin PYTHONPATH={room}/tree:{room}/site PYTHONDONTWRITEBYTECODE=1 \
    XDG_RUNTIME_DIR={home} XDG_CACHE_HOME={home}/cache {room}/python/bin/python3 {home}/try.py
"""

_TRY_LAB = """
import json, os, pathlib, libvirt
from xml.etree import ElementTree
from vmgui import lab
try:
    status = lab.up(1, 1)
    connection = libvirt.open(status.hosts[0].uri)
    network = connection.networkLookupByName("default")
    xml = connection.lookupByName("web-01").XMLDesc()
    owner = pathlib.Path(f"/proc/{status.hosts[0].pid}").stat().st_uid
    leases = [lease["hostname"] for lease in network.DHCPLeases()]
    connection.close()
finally:
    lab.down()
print(json.dumps({
    "uid": owner,
    "interface": ElementTree.fromstring(xml).find("devices/interface").get("type"),
    "leases": leases,
    "notes": status.notes,
    "left": [str(path) for path in pathlib.Path.home().glob("**/lab/default*")],
}))
"""

_BARE = """
printf marked > marker
for place in /var/lib /var/log /var/cache; do
    mount -t tmpfs none $place
    mkdir $place/folder
    mkfifo $place/fifo
    ln -s folder/file $place/link
    cp marker $place/folder/file
    chown {user} $place/folder
    mkdir $place/mounted
    mount -t tmpfs none $place/mounted
    cp marker $place/mounted/file
done
for file in passwd group; do
    grep -vE "^(libvirt-qemu|qemu|kvm):" /etc/$file > bare-$file
    mount --bind bare-$file /etc/$file
done
"""
"""What a machine is before a daemon of libvirt was set up on it, with other things around."""

_TRY_BARE = """
import json, os, pathlib, pwd, libvirt
from vmgui import lab
def there(path):
    return os.path.lexists(path)
bare = [p for p in ("/var/lib", "/var/log", "/var/cache") if not there(p + "/libvirt")]
try:
    status = lab.up(1, 1)
    connection = libvirt.open(status.hosts[0].uri)
    running = [domain.name() for domain in connection.listAllDomains(1)]
    pool = connection.storagePoolLookupByName("default").isActive()
    connection.close()
    inside = pathlib.Path(f"/proc/{status.hosts[0].init_pid}/root")
    seen = []
    for place in ("/var/lib", "/var/log", "/var/cache"):
        here = pathlib.Path(f"{inside}{place}")
        seen.append([
            (here / "link").read_text(), (here / "mounted/file").read_text(),
            (here / "fifo").is_fifo(), (here / "folder").stat().st_uid, (here / "libvirt").is_dir(),
        ])
    accounts = (inside / "etc/passwd").read_text().count("libvirt-qemu:")
finally:
    lab.down()
left = [p for p in ("/var/lib", "/var/log", "/var/cache") if there(p + "/libvirt")]
print(json.dumps({"bare": bare, "running": running, "pool": pool, "seen": seen, "left": left,
                  "accounts": accounts,
                  "known": [a.pw_name for a in pwd.getpwall() if a.pw_name == "libvirt-qemu"]}))
"""

_TRY_LINK = """
import json, os, pathlib, libvirt
from vmgui import lab
from vmgui.lab import guests
try:
    status = lab.up(2, 1)
    here, there = (libvirt.open(host.uri) for host in status.hosts)
    guests.set_workload(status.name, "web-01", 0, 1)
    guests.reset_heartbeat(status.name, "web-01")
    there.storagePoolLookupByName("default").createXML(
        "<volume><name>web-01.qcow2</name><capacity unit='MiB'>64</capacity>"
        "<target><format type='qcow2'/></target></volume>"
    )
    limited = lab.link().set_rate(400_000_000, "lab-b")["lab-b"].rate_bps
    flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_NON_SHARED_DISK
    here.lookupByName("web-01").migrate3(there, {"migrate_uri": "tcp://lab-b"}, flags)
    pulse = guests.heartbeat(status.name, "web-01")
    cut = lab.link().cut()
    running = [[domain.name() for domain in host.listAllDomains(1)] for host in (here, there)]
finally:
    lab.down()
print(json.dumps({
    "running": running,
    "limited": limited,
    "joined": [port.joined for port in cut.values()],
    "beats": pulse.beats,
    "addresses": [host.port.address for host in status.hosts],
    "left": [str(path) for path in pathlib.Path.home().glob("**/lab/default*")],
}))
"""

_TRY_UNLINKED = """
import json
from vmgui import lab
try:
    status = lab.up(2, 0)
finally:
    lab.down()
print(json.dumps({
    "running": [host.running for host in status.hosts],
    "ports": [host.port for host in status.hosts],
    "notes": status.notes,
}))
"""

_TRY_PROBLEMS = """
import asyncio, json
from dataclasses import asdict
from vmgui import lab
problems = lab.problems()
assert asyncio.run(lab.problems_async()) == problems
print(json.dumps([asdict(problem) for problem in problems]))
"""


@dataclass(frozen=True)
class Other:
    """A user who isn't root, and a room that both of us can enter."""

    name: str
    room: Path

    @property
    def uid(self) -> int:
        return pwd.getpwnam(self.name).pw_uid

    def run(
        self,
        script: str,
        *,
        tun_mode: str = "666",
        refuse_namespaces: bool = False,
        bare: bool = False,
        hidden: str = "",
    ) -> Any:
        """Run a script as that user, and return what it printed as JSON.

        The program ``hidden`` isn't installed for it.
        """
        home = self.room / "home"
        home.mkdir(exist_ok=True)
        (home / "try.py").write_text(script)
        _give_kernel(home / "cache" / "lab")
        for path in (home, *home.rglob("*")):
            os.chown(path, self.uid, self.uid)
        for folder in ("python", "tree", "site", "root"):
            (self.room / folder).mkdir(exist_ok=True)
        tun = self.room / "tun"
        tun.unlink(missing_ok=True)
        subprocess.run(["mknod", "-m", tun_mode, tun, *_TUN_MAJOR_MINOR], check=True)
        extra = f"mount --bind {tun} /dev/net/tun\n"
        if bare:
            extra += _BARE.format(user=self.uid)
        if hidden:
            extra += f"mount --bind /dev/null {shutil.which(hidden)}\n"
        if refuse_namespaces:
            # The kernel makes no user namespace for a process that lives in a chroot.
            extra += "mount --rbind / root\n"
        command = _ENTER.format(
            base=sys.base_prefix,
            tree=_TREE,
            site=site.getsitepackages()[0],
            user=self.uid,
            home=home,
            room=self.room,
            extra=extra,
            chroot=f"chroot {self.room}/root" if refuse_namespaces else "",
        )
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", command],
            cwd=self.room,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def _give_kernel(cache: Path) -> None:
    """Hand over the kernel that root has fetched, where it has one, for the sake of time."""
    for kernel in (places.cache_dir() / "lab").glob("kernel-*"):
        shutil.copytree(kernel, cache / kernel.name, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    """A user made for this run, with a range of identities, and deleted after it."""
    name = f"vmgui{os.getpid()}"
    subprocess.run(["useradd", "--create-home", name], check=True, capture_output=True)
    if f"{name}:" not in Path("/etc/subuid").read_text():
        own_range = f"{os.getpid() * 65536 + 200000}-{os.getpid() * 65536 + 265535}"
        subprocess.run(
            ["usermod", "--add-subuids", own_range, "--add-subgids", own_range, name], check=True
        )
    room = Path(tempfile.mkdtemp(prefix="vmgui-", dir="/tmp"))
    room.chmod(0o755)
    yield Other(name, room)
    subprocess.run(["userdel", "--remove", name], check=True, capture_output=True)
    shutil.rmtree(room)


def _processes_of(uid: int) -> list[str]:
    """Return the command lines of a user's processes, ended ones not counted."""
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "-U", str(uid)], check=False, capture_output=True, text=True
    )
    return [line for line in listed.stdout.splitlines() if not line.startswith("Z")]


def test_an_ordinary_user_has_hosts_with_networks(other: Other) -> None:
    seen = other.run(_TRY_LAB)
    assert seen["uid"] == other.uid
    assert seen["interface"] == "network"
    assert seen["leases"] == ["web-01"]
    assert not any("tun" in note for note in seen["notes"])
    assert seen["left"] == []
    assert _processes_of(other.uid) == []


def test_an_ordinary_users_hosts_are_linked_and_a_guest_moves_between_them(other: Other) -> None:
    seen = other.run(_TRY_LINK)
    assert [sorted(names) for names in seen["running"]] == [[], ["web-01", "web-02"]]
    assert seen["beats"] > 1
    assert (seen["limited"], seen["joined"]) == (400_000_000, [False, False])
    assert len(set(seen["addresses"])) == 2
    assert seen["left"] == []
    assert _processes_of(other.uid) == []


def test_without_the_tools_of_a_link_the_lab_comes_up_and_says_so(other: Other) -> None:
    seen = other.run(_TRY_UNLINKED, hidden="tc")
    assert (seen["running"], seen["ports"]) == ([True, True], [None, None])
    note = next(note for note in seen["notes"] if "not linked" in note)
    assert "No tc was found" in note
    assert "iproute" in note


@pytest.mark.parametrize("is_root", [True, False])
def test_a_host_comes_up_where_libvirts_folders_and_accounts_are_not(
    other: Other, is_root: bool
) -> None:
    user = Other("root", other.room) if is_root else other
    seen = user.run(_TRY_BARE, bare=True)
    assert (seen["bare"], seen["known"]) == (["/var/lib", "/var/log", "/var/cache"], [])
    assert (seen["running"], seen["pool"], seen["accounts"]) == (["web-01"], 1, 1)
    # Whatever else lies there is seen through, and nothing was made outside.
    assert seen["seen"] == [["marked", "marked", True, user.uid, True]] * 3
    assert seen["left"] == []


def test_without_tap_devices_guests_have_user_networking_and_the_lab_says_so(other: Other) -> None:
    seen = other.run(_TRY_LAB, tun_mode="600")
    assert seen["interface"] == "user"
    note = next(note for note in seen["notes"] if "tun" in note)
    assert "Permission denied" in note
    assert "chmod 666 /dev/net/tun" in note
    assert seen["left"] == []


def test_a_machine_that_can_run_a_lab_has_no_problem(other: Other) -> None:
    assert other.run(_TRY_PROBLEMS) == []
    assert lab.problems() == ()


def test_refused_namespaces_are_named_with_a_way_out(other: Other) -> None:
    problems = other.run(_TRY_PROBLEMS, refuse_namespaces=True)
    assert len(problems) == 1
    assert "Operation not permitted" in problems[0]["why"]
    assert problems[0]["what_to_do"]


def test_a_user_without_a_range_is_told_how_to_get_one(other: Other) -> None:
    nobody = Other("nobody", other.room)
    problems = nobody.run(_TRY_PROBLEMS)
    assert len(problems) == 1
    assert "/etc/subuid" in problems[0]["why"]
    assert "usermod --add-subuids" in problems[0]["what_to_do"]
    assert "nobody" in problems[0]["what_to_do"]
