"""``vmgui`` opens the window, ``vmgui VERB …`` is the command line."""

import gc
import sys

import click

from vmgui import places
from vmgui.cli.main import WindowOptions, cli


def open_window(options: WindowOptions) -> int:
    """Open the window and return the exit code; without a display, save a picture of it."""
    # What modules make is no garbage, and later `vmgui.ui.collector` decides when to collect.
    gc.disable()
    # Qt takes a while to load, and a command needs none of it.
    from vmgui.cli.lists import print_domains  # noqa: PLC0415
    from vmgui.ui.app import Options, has_display, run  # noqa: PLC0415

    picture = options.screenshot
    drawn_off = not has_display()
    if drawn_off:
        click.echo("There is no display here, so the window is drawn off the screen.", err=True)
        picture = picture or places.cache_dir() / "window.png"
    code = run(
        Options(
            connect=options.connect,
            lab=options.lab,
            screenshot=picture,
            trace=options.trace,
            read_only=options.read_only,
        ),
        on_pictured=print_domains if drawn_off else None,
    )
    if picture is not None and code == 0:
        click.echo(f"A picture of the window: {picture}")
    return code


def main() -> None:
    """Run vmgui with the process's arguments; never returns."""
    sys.exit(cli.main(prog_name="vmgui", obj=open_window, standalone_mode=True))


if __name__ == "__main__":
    main()
