"""``vmgui`` opens the window, ``vmgui VERB …`` is the command line."""

import sys

from vmgui.cli.main import WindowOptions, cli


def open_window(options: WindowOptions) -> int:
    """Open the window and return the exit code."""
    # Qt takes a while to load, and a command needs none of it.
    from vmgui.ui.app import run  # noqa: PLC0415

    return run(
        connect=options.connect,
        read_only=options.read_only,
        lab=options.lab,
        screenshot=options.screenshot,
        trace=options.trace,
    )


def main() -> None:
    """Run vmgui with the process's arguments; never returns."""
    sys.exit(cli.main(prog_name="vmgui", obj=open_window, standalone_mode=True))


if __name__ == "__main__":
    main()
