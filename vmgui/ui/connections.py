"""Which hosts the window is connected to: at its start, and whenever a person wants another."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from vmgui import lab
from vmgui.hypervisor.imports import read_all
from vmgui.hypervisor.questions import Question
from vmgui.hypervisor.workers import run_apart
from vmgui.insight.uris import Way
from vmgui.lab import LabStatus, LabUnavailable
from vmgui.session import Session
from vmgui.settings import CONNECT_AT_START, SavedConnection
from vmgui.ui.dialogs.connect import ConnectDialog
from vmgui.ui.dialogs.question import QuestionDialog

_AT_ONCE = {Way.SYSTEM: "qemu:///system", Way.TEST: "test:///default"}
_INSTEAD = "test:///default"

Begin = Callable[[Coroutine[Any, Any, Any], str], object]
"""Runs something on the loop for as long as the window is open; the text names it."""


class Connections(QObject):
    """Connects, disconnects and asks. Belongs to the loop's thread.

    ``lab_progressed`` has a sentence on the lab that is being started, "" when that has ended;
    ``lab_failed`` the `LabUnavailable` that says why there is none, and the URI that was
    connected instead, or "".
    """

    lab_progressed = Signal(str)
    lab_failed = Signal(object, str)

    def __init__(self, session: Session, begin: Begin, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._begin = begin
        self._window = window
        session.fleet.asked.connect(self._on_question)

    async def start(self, connect: tuple[str, ...], *, with_lab: bool, read_only: bool) -> None:
        """Connect to what was asked for, else to what was saved, else to a lab or a test host."""
        session = self._session
        saved = session.settings.connections
        for uri in connect:
            session.connect(SavedConnection(uri, read_only=read_only))
        if with_lab:
            await self._connect_lab(read_only=read_only, instead="")
        elif not connect and not saved:
            await self._connect_lab(read_only=read_only, instead=_INSTEAD)
        elif not connect and session.settings.get(CONNECT_AT_START):
            for each in saved:
                session.connect(each)

    def add(self) -> None:
        """Ask for a new connection."""
        self._begin(self._ask(None), "ask for a connection")

    def edit(self, uri: str) -> None:
        """Ask what shall be different about a connection."""
        edited = next((c for c in self._session.settings.connections if c.uri == uri), None)
        self._begin(self._ask(edited or SavedConnection(uri)), f"edit {uri}")

    def go(self, way: Way) -> None:
        """Connect to this computer or the test driver at once, or ask for anything else."""
        if (uri := _AT_ONCE.get(way)) is not None:
            self._session.connect(SavedConnection(uri), save=True)
        else:
            self.add()

    def disconnect_from(self, uri: str, *, forget: bool = False) -> None:
        """Close a connection; with ``forget`` it isn't opened at the next start either."""
        self._begin(self._session.disconnect(uri, forget=forget), f"disconnect {uri}")

    def retry(self, uri: str) -> None:
        """Try a connection again now."""
        if uri in self._session.fleet.uris:
            self._session.fleet.retry(uri)

    def start_lab(self) -> None:
        """Start a lab that ends with this window, or connect to the one that is up."""
        self._begin(self._connect_lab(read_only=False, instead=""), "start a lab")

    def close_down(self) -> None:
        """Ask nothing any more."""
        self._session.fleet.asked.disconnect(self._on_question)

    async def _ask(self, edited: SavedConnection | None) -> None:
        known = await asyncio.wrap_future(run_apart("known connections", read_all))
        ConnectDialog(
            self._on_filled_in,
            edited=edited,
            on_lab=self.start_lab if edited is None else None,
            known=known,
            saved=self._session.settings.connections,
            parent=self._window,
        ).open()

    def _on_filled_in(self, connection: SavedConnection, edited_uri: str) -> None:
        self._begin(self._connect(connection, edited_uri), f"connect {connection.uri}")

    async def _connect(self, connection: SavedConnection, edited_uri: str) -> None:
        if edited_uri:
            await self._session.disconnect(edited_uri, forget=edited_uri != connection.uri)
        self._session.connect(connection, save=True)

    async def _connect_lab(self, *, read_only: bool, instead: str) -> None:
        try:
            status = await self._lab()
        except LabUnavailable as error:
            self.lab_failed.emit(error, instead)
            if instead:
                self._session.connect(SavedConnection(instead, read_only=read_only))
            return
        finally:
            self.lab_progressed.emit("")
        for host in status.hosts:
            self._session.connect(SavedConnection(host.uri, host.name, read_only=read_only))

    async def _lab(self) -> LabStatus:
        status = lab.status()
        if status.running:
            return status
        self.lab_progressed.emit("Starting a lab")
        return await lab.up_async(progress=self.lab_progressed.emit, owner_pid=os.getpid())

    def _on_question(self, question: Question) -> None:
        host = self._session.inventory.host(question.uri)
        QuestionDialog(question, host.name if host is not None else "", self._window).open()
