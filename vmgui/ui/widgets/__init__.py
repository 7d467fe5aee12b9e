"""Parts that draw: no records, no session, no libvirt; plain values in, signals out.

All of them read `vmgui.ui.style.current()` and follow its scheme and scale by themselves, show
foreign text as plain text, and need ``vmgui.ui.style.install(app)`` to have been called.

text          plain_label(text, role, tone, *, wrap, selectable) -> QLabel;
              set_look(widget, **properties); one_line(text);
              literal(text) for buttons and menus; plain_tooltip(text)
state_mark    paint_state(painter, rect, state, style); paint_mark(painter, rect, mark, style, turn)
sparkline     paint_sparkline(painter, rect, percents, style, *, stale, color)
chips         StateChip.set_state(state, text); TagChip(tag); CountChip(title, tone).set_count(n);
              CountBadge(n, tone); paint_badge(painter, rect, text, tone)
elided        ElidedLabel(text, role, tone, *, selectable, is_sentence, least_letters);
              LinkButton(text, *, least_letters)
facts         Facts.set_facts([Fact(label, (Part(text, tone, mono, link, icon), ...))]), signal
              link_activated(str); IconMark(name, tone, size_px)
graph         GraphCard(title, quantity, crosshair): set_series, set_limit, set_window, set_data,
              set_figure, set_legend_value, set_events, highlight_event, set_message, set_stale,
              set_frozen, signal event_clicked(str); SeriesSpec; GraphEvent; Crosshair
graph (cont.) quantity is percent, memory (bytes), disk (bytes/s) or network (bits/s); times are
              seconds since 1970, ascending; values any sequence of floats, NaN is a gap
segmented     Segmented([(key, title), ...], name): key, choose(key), set_title(key, title, tone),
              set_offered(key, offered), signal chosen(str)
banner        Banner: say(tone, icon or state, strong, detail, [(key, title)]), signal clicked(str)
failure       FailurePanel: show_failure(Failure(what, why, state_now, libvirt_text, command),
              [(key, title)]), signal clicked(str); Failure.report()
empty_state   EmptyState(icon, title, sentence, *, action, action_icon, command),
              offer(offered, command), signal clicked()
command_line  CommandLine(command, tone): set_command, copy()
tag_field     TagField(tags, known): a QLineEdit; tags()
toggle        Toggle(name): a QCheckBox drawn as a switch
flow          FlowLayout(parent, gap_px): chips that wrap

A count in a tab: ``tab_bar.setTabButton(index, QTabBar.ButtonPosition.RightSide, CountBadge(6))``.
Types of QLabel: page section card strong body table axis head mono; tones: t1 t2 t3 acc ok warn
dang info. Roles of QPushButton: primary danger danger-outline flat link chip tag; compact=True.
QToolButton: action flat. QFrame: card sunk rule vrule. QWidget: page side frame.
"""
