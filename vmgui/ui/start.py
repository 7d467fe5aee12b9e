"""What a start connects to: what was asked for, what was saved, else a lab, else a test host."""

import asyncio
import os

from vmgui import lab
from vmgui.lab import LabStatus, LabUnavailable
from vmgui.session import Session
from vmgui.settings import CONNECT_AT_START, SavedConnection
from vmgui.ui.main_window import MainWindow

_TEST_URI = "test:///default"


class Start:
    """Begins the connections of a start, and says in the window what it does meanwhile."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        self._session = session
        self._window = window

    async def begin(
        self, connect: tuple[str, ...], *, lab: bool, read_only: bool, begun: asyncio.Event
    ) -> None:
        """Connect, then set ``begun``. A lab is started first where one is wanted."""
        session = self._session
        for uri in connect:
            session.connect(SavedConnection(uri, read_only=read_only))
        saved = session.settings.connections
        if lab:
            await self._connect_lab(read_only=read_only, instead="")
        elif not connect and not saved:
            await self._connect_lab(read_only=read_only, instead=_TEST_URI)
        elif not connect and session.settings.get(CONNECT_AT_START):
            for each in saved:
                session.connect(each)
        begun.set()

    async def _connect_lab(self, *, read_only: bool, instead: str) -> None:
        try:
            status = await self._lab()
        except LabUnavailable as error:
            self._window.say_no_lab(error, instead)
            if instead:
                self._session.connect(SavedConnection(instead, read_only=read_only))
            return
        finally:
            self._window.say_starting("")
        for host in status.hosts:
            self._session.connect(SavedConnection(host.uri, host.name, read_only=read_only))

    async def _lab(self) -> LabStatus:
        """Return the lab that is up, or start one that ends with this window."""
        status = lab.status()
        if status.running:
            return status
        self._window.say_starting("Starting a lab")
        return await lab.up_async(progress=self._window.say_starting, owner_pid=os.getpid())
