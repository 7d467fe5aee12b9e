"""What the command line prints: aligned tables, one JSON document, one line for each failure.

Text that libvirt gives is printed with its control characters escaped: a machine's name must
not move the cursor or turn the writing direction.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from vmgui.actions.virsh import printable
from vmgui.hypervisor.errors import VmguiError


class Failed(click.ClickException):
    """Something failed: one line on stderr, exit code 1."""

    def __init__(self, what: str, why: str = "", what_to_do: str = "") -> None:
        super().__init__(failure_line(what, why, what_to_do))

    def show(self, file: Any = None) -> None:
        """Print the line."""
        print(f"vmgui: {self.message}", file=sys.stderr)


def failure_line(what: str, why: str = "", what_to_do: str = "") -> str:
    """Return a failure in one line."""
    sentences = (each.strip() for each in (what, why, what_to_do))
    return printable(" ".join(" ".join(filter(None, sentences)).split()))


def print_failure(error: VmguiError, about: str = "") -> None:
    """Print a failure as one line on stderr."""
    what = f"{about}: {error.what}" if about else error.what
    print(f"vmgui: {failure_line(what, error.why, error.what_to_do)}", file=sys.stderr)


def print_json(document: object) -> None:
    """Print one JSON document; what is no Unicode text is escaped."""
    print(json.dumps(document, indent=2))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, figures: int = 0) -> None:
    """Print rows under a head, in columns; the last ``figures`` columns to the right."""
    shown = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    first_figure = len(head) - figures
    for row in shown:
        cells = [
            cell.rjust(width) if i >= first_figure else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print labels and values, the values aligned; empty ones are left out."""
    told = [(label, value) for label, value in facts if value]
    width = max((len(label) for label, _ in told), default=0)
    for label, value in told:
        print(f"{label.ljust(width)}  {printable(value)}")
