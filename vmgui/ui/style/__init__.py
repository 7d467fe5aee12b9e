"""How everything looks: tokens, and the one `Style` object that turns them into Qt's terms.

``install(app)`` is called once by whoever makes the QApplication; after that every widget
reads ``current()``. Qt itself hangs its style, palette and font on the application, and the
tokens belong beside them: a parameter in each constructor would never carry a second value.

    style = current()
    style.color("acc")            QColor of a token, now
    style.font("card")            QFont of a type role, tabular figures, at the present scale
    style.px(24), style.line(1.6) lengths at the present scale
    style.icon("camera", "t1")    QIcon that follows the scheme by itself
    style.changed                 signal: scheme or scale changed; repaint or lay out again
"""

from vmgui.ui.style.style import SchemeChoice, Style, current, install

__all__ = ["SchemeChoice", "Style", "current", "install"]
