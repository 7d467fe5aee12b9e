"""What stands over every page: a bar for each thing that is wrong with vmgui itself."""

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from vmgui.session import Session
from vmgui.ui.widgets.banner import Banner

_HIDE = (("hide", "Hide"),)


class Notices(QWidget):
    """One bar a topic. It goes when its matter is over, and a hidden one stays so until then.

    `look` compares what settings, journal and history say of themselves; it is cheap.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notices")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._session = session
        self._told: dict[str, tuple[str, str]] = {}
        self._banners: dict[str, Banner] = {}
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)

    def look(self) -> None:
        """Say what can't be kept now, and no longer what can be."""
        session = self._session
        self.tell("settings", session.settings.problem)
        self.tell("journal", session.journal.problem)
        self.tell("history", session.history.problem)

    def tell(self, topic: str, strong: str, detail: str = "") -> None:
        """Say what is wrong with a topic; "" where nothing is."""
        if self._told.get(topic, ("", "")) == (strong, detail):
            return
        self._told[topic] = (strong, detail)
        if strong:
            self._banner(topic).say("warn", "warning", strong, detail, _HIDE)
        elif topic in self._banners:
            self._banners[topic].hide()

    def _banner(self, topic: str) -> Banner:
        banner = self._banners.get(topic)
        if banner is None:
            banner = self._banners[topic] = Banner(self)
            banner.setObjectName(f"notice-{topic}")
            banner.clicked.connect(banner.hide)
            self._box.addWidget(banner)
        return banner
