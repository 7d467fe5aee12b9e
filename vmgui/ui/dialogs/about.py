"""What this is, which version, and under which licence."""

import platform

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from vmgui import __version__
from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.widgets.text import plain_label

_WHAT = "Manages and shows virtualization through libvirt."
_LICENCE = (
    "Under the Apache License, version 2.0. Inter and JetBrains Mono under the SIL Open Font "
    "License, Phosphor icons under the MIT licence."
)


class AboutDialog(Dialog):
    """Versions that belong into a report of a fault, with a button that copies them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("about-dialog", f"vmgui {__version__}", parent)
        self.body.addWidget(plain_label(_WHAT, "body", "t1", wrap=True))
        versions = plain_label(_versions(), "mono", "t2", selectable=True)
        versions.setObjectName("about-versions")
        self.body.addWidget(versions)
        self.body.addWidget(plain_label(_LICENCE, "table", "t3", wrap=True))
        self.body.addStretch(1)
        self.add_button("about-copy", "Copy versions", _copy)
        self.add_button("about-close", "Close", self.accept, "primary").setDefault(True)


def _versions() -> str:
    return (
        f"vmgui {__version__}\nPython {platform.python_version()}\nQt {qVersion()}\n"
        f"{platform.system()} {platform.release()}"
    )


def _copy() -> None:
    QGuiApplication.clipboard().setText(_versions())
