"""Who are you: a real sshd and real libvirtds ask, and a person answers in the window.

The sshd runs in a mount namespace of its own, where root has another password; what it leads to
is a host of the lab. A libvirtd asks by SASL, with a file of users of its own, another wants
certificates.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton
from qasync import QEventLoop

from tests.lab_fixture import eventually
from tests.ui.conftest import OpenWindow
from tests.until import until
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import LinkState
from vmgui.lab import LabStatus
from vmgui.ui.dialogs.question import QuestionDialog
from vmgui.ui.main_window import MainWindow

pytestmark = pytest.mark.lab

PASSWORD, WRONG = "right one", "wrong one"
_SSHD = Path("/usr/sbin/sshd")
_SASL = Path("/usr/sbin/saslpasswd2")
_MECHANISM = "SCRAM-SHA-256"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")

_NETCAT = """
import os, socket, sys, threading
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[-1])
def pass_on(source, sink):
    while data := os.read(source, 65536):
        os.write(sink, data)
    os._exit(0)
threading.Thread(target=pass_on, args=(0, link.fileno())).start()
pass_on(link.fileno(), 1)
"""
"""What libvirt runs on the far side to reach a daemon's socket: not every computer has one."""


@dataclass
class Server:
    """A server that asks, and the URI that leads to it."""

    uri: str


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _run(*command: str | Path, given: str = "") -> str:
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def sshd(tmp_path: Path, lab: LabStatus, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An sshd before a host of the lab, and an ssh that knows no other hosts or keys."""
    if os.geteuid() != 0:
        pytest.skip("an sshd that takes passwords has to run as root")
    if not _SSHD.exists():
        pytest.skip("sshd isn't installed (openssh-server)")
    port = _free_port()
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "hostkey")
    hashed = _run("openssl", "passwd", "-6", "-stdin", given=f"{PASSWORD}\n").strip()
    lines = Path("/etc/shadow").read_text().splitlines()
    others = [line for line in lines if not line.startswith("root:")]
    (tmp_path / "shadow").write_text("\n".join([f"root:{hashed}:19000:0:99999:7:::", *others, ""]))
    (tmp_path / "shadow").chmod(0o600)
    (tmp_path / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/hostkey\nPidFile none\n"
        "UsePAM no\nPermitRootLogin yes\nPasswordAuthentication yes\n"
        "KbdInteractiveAuthentication no\nPubkeyAuthentication no\nStrictModes no\n"
    )
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd gives up its rights
    start = f"mount --bind {tmp_path}/shadow /etc/shadow && exec {_SSHD} -D -f {tmp_path}/config"
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", start])
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(
        f"#!/bin/sh\nexec {shutil.which('ssh')} -F /dev/null -o GlobalKnownHostsFile=/dev/null "
        f'-o UserKnownHostsFile={tmp_path}/known -o PubkeyAuthentication=no "$@"\n'
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    netcat = tmp_path / "bin" / "netcat"
    netcat.write_text(f"#!{sys.executable} -I\n{_NETCAT}")
    netcat.chmod(0o755)
    path = parse_qs(urlsplit(lab.hosts[0].uri).query)["socket"][0]
    try:
        eventually(lambda: _listens(port), "sshd takes connections")
        yield Server(f"qemu+ssh://root@127.0.0.1:{port}/system?socket={path}&netcat={netcat}")
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def sasl(tmp_path: Path) -> Iterator[Server]:
    """A libvirtd without rights, as a session has one, that wants a name and a password."""
    if not _SASL.exists():
        pytest.skip("saslpasswd2 isn't installed (sasl2-bin, libsasl2-modules)")
    _run(_SASL, "-p", "-c", "-f", tmp_path / "users", "-a", "libvirt", "-u", "here", "ann",
         given=PASSWORD)  # fmt: skip
    (tmp_path / "libvirt.conf").write_text(
        f"mech_list: {_MECHANISM}\nsasldb_path: {tmp_path}/users\n"
    )
    with _daemon(tmp_path, 'auth_unix_rw = "sasl"\n'):
        path = tmp_path / "libvirt-sock"
        eventually(path.exists, "libvirtd takes connections")
        yield Server(f"qemu+unix:///session?socket={path}")


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Server]:
    """A libvirtd without rights that wants, and shows, certificates of one authority."""
    port, pki = _free_port(), tmp_path / "pki"
    _make_authority(pki)
    _make_certificate(pki, "server", "serverAuth")
    _make_certificate(pki, "client", "clientAuth")
    config = (
        f'listen_tls = 1\ntls_port = "{port}"\nlisten_addr = "127.0.0.1"\n'
        f'ca_file = "{pki}/cacert.pem"\ncert_file = "{pki}/servercert.pem"\n'
        f'key_file = "{pki}/serverkey.pem"\n'
    )
    with _daemon(tmp_path, config, "--listen"):
        eventually(lambda: _listens(port), "libvirtd takes connections")
        yield Server(f"qemu+tls://localhost:{port}/session?pkipath={pki}")


@contextmanager
def _daemon(folder: Path, config: str, *options: str) -> Iterator[None]:
    """Run a libvirtd: in a user namespace that maps nobody even root's is a session's."""
    (folder / "daemon.conf").write_text(f'unix_sock_dir = "{folder}"\n{config}')
    (folder / "run").mkdir(mode=0o700)
    places = {f"XDG_{n}_HOME": str(folder / n.lower()) for n in ("CONFIG", "CACHE", "DATA")}
    files = ["-f", f"{folder}/daemon.conf", "-p", f"{folder}/pid"]
    process = subprocess.Popen(
        ["unshare", "--user", "libvirtd", *files, *options],
        env={**os.environ, **places, "XDG_RUNTIME_DIR": str(folder / "run"),
             "HOME": str(folder), "SASL_CONF_PATH": str(folder)},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


async def _asked(window: MainWindow) -> QuestionDialog:
    """Return the question that stands open, once there is one."""

    def found() -> QuestionDialog | None:
        dialogs = window.findChildren(QuestionDialog)
        return next((each for each in dialogs if each.isVisible()), None)

    dialog = await until(found, "the window asks")
    assert dialog is not None
    return dialog


def _press(dialog: QuestionDialog, name: str) -> None:
    button = dialog.findChild(QPushButton, name)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _fill_in(dialog: QuestionDialog, *values: str) -> None:
    for number, value in enumerate(values):
        field = dialog.findChild(QLineEdit, f"question-field-{number}")
        assert field is not None
        field.clear()
        QTest.keyClicks(field, value)
    QTest.keyClick(dialog, Qt.Key.Key_Return)


async def _reached(window: MainWindow, uri: str, *states: LinkState) -> str:
    def state() -> LinkState | None:
        host = window.session.inventory.host(uri)
        return host.link.state if host is not None and host.link.state in states else None

    await until(state, f"the connection is {states}", within_s=40)
    host = window.session.inventory.host(uri)
    assert host is not None
    return host.link.why


async def test_ssh_asks_for_trust_and_a_password_and_takes_the_right_one(
    qloop: QEventLoop, open_window: OpenWindow, sshd: Server, tmp_path: Path
) -> None:
    window = await open_window(sshd.uri, settled=False)
    trust = await _asked(window)
    text = trust.findChild(QLabel, "question-text")
    assert text is not None
    key = _run("ssh-keygen", "-l", "-f", tmp_path / "hostkey.pub").split()[1]
    assert key in text.text()
    assert trust.findChild(QLineEdit) is None
    _press(trust, "question-answer")

    _fill_in(await _asked(window), WRONG)
    again = await _asked(window)
    field = again.findChild(QLineEdit, "question-field-0")
    assert field is not None
    assert field.echoMode() is QLineEdit.EchoMode.Password
    assert field.text() == ""
    _fill_in(again, PASSWORD)
    await _reached(window, sshd.uri, LinkState.CONNECTED)
    await until(lambda: len(list(window.session.inventory.of(Domain))) == 2, "its machines")


async def test_ssh_is_refused_an_answer_and_asks_again_on_demand(
    qloop: QEventLoop, open_window: OpenWindow, sshd: Server
) -> None:
    window = await open_window(sshd.uri, settled=False)
    _press(await _asked(window), "question-answer")
    asked = await _asked(window)
    QTest.keyClick(asked, Qt.Key.Key_Escape)
    assert await _reached(window, sshd.uri, LinkState.REFUSED)
    assert not any(each.isVisible() for each in window.findChildren(QuestionDialog))

    window.open_row(("host", sshd.uri))
    again = window.findChild(QPushButton, "failure-retry")
    assert again is not None
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    _fill_in(await _asked(window), PASSWORD)
    await _reached(window, sshd.uri, LinkState.CONNECTED)


async def test_a_daemon_asks_for_name_and_password_and_takes_the_right_ones(
    qloop: QEventLoop, open_window: OpenWindow, sasl: Server
) -> None:
    window = await open_window(sasl.uri, settled=False)
    _fill_in(await _asked(window), "ann@here", WRONG)
    assert await _reached(window, sasl.uri, LinkState.REFUSED)
    window.connections.retry(sasl.uri)
    _press(await _asked(window), "question-refuse")
    assert await _reached(window, sasl.uri, LinkState.REFUSED)
    window.connections.retry(sasl.uri)
    _fill_in(await _asked(window), "ann@here", PASSWORD)
    await _reached(window, sasl.uri, LinkState.CONNECTED)
    assert await until(lambda: _driver(window, sasl.uri), "the host is read") == "QEMU"


async def test_tls_with_the_right_certificates_needs_no_answer(
    qloop: QEventLoop, open_window: OpenWindow, tls: Server
) -> None:
    window = await open_window(tls.uri, settled=False)
    await _reached(window, tls.uri, LinkState.CONNECTED)
    assert await until(lambda: _driver(window, tls.uri), "the host is read") == "QEMU"
    assert not window.findChildren(QuestionDialog)


async def test_tls_with_a_certificate_of_somebody_else_says_what_is_wrong(
    qloop: QEventLoop, open_window: OpenWindow, tls: Server, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    _make_authority(other)
    _make_certificate(other, "client", "clientAuth")
    uri = tls.uri.replace(f"pkipath={tmp_path}/pki", f"pkipath={other}")
    window = await open_window(uri, settled=False)
    why = await _reached(window, uri, LinkState.REFUSED)
    assert why == "The TLS certificates of this computer and the host do not match."


def _driver(window: MainWindow, uri: str) -> str:
    host = window.session.inventory.host(uri)
    assert host is not None
    return host.driver


def _make_authority(folder: Path) -> None:
    """Make an authority as libvirt looks for it: cacert.pem."""
    folder.mkdir()
    _run("openssl", "req", "-x509", *_KEY, "-nodes", "-days", "2", "-subj", "/CN=our authority",
         "-keyout", folder / "cakey.pem", "-out", folder / "cacert.pem")  # fmt: skip


def _make_certificate(folder: Path, name: str, usage: str) -> None:
    """Make a certificate of that authority for localhost, with its key."""
    _run("openssl", "req", *_KEY, "-nodes", "-subj", "/CN=localhost",
         "-keyout", folder / f"{name}key.pem", "-out", folder / f"{name}.csr")  # fmt: skip
    (folder / f"{name}.ext").write_text(
        f"subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage={usage}\n"
        "keyUsage=digitalSignature,keyEncipherment\n"
    )
    _run("openssl", "x509", "-req", "-days", "2", "-in", folder / f"{name}.csr",
         "-CA", folder / "cacert.pem", "-CAkey", folder / "cakey.pem", "-CAcreateserial",
         "-extfile", folder / f"{name}.ext", "-out", folder / f"{name}cert.pem")  # fmt: skip
