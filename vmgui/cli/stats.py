"""``vmgui stats``: what machines and hosts use, once or on and on."""

import asyncio
from collections.abc import Callable

import click

from vmgui.cli.documents import sample_document
from vmgui.cli.lists import JSON
from vmgui.cli.main import Context
from vmgui.cli.output import Failed, print_json, print_table
from vmgui.cli.reach import run, unreached
from vmgui.insight.amounts import bit_rate, byte_rate, percent, size
from vmgui.inventory.figures import Sample
from vmgui.inventory.key import Key
from vmgui.session import Session

_LONGEST_WAIT_S = 30.0

_HEAD = (
    "NAME", "HOST", "CPU", "MEMORY", "DISK READ", "WRITTEN", "NET RECEIVED", "SENT",
)  # fmt: skip


@click.command(help="Show what machines and hosts use now.")
@click.option("--watch", is_flag=True, help="Go on until interrupted, a table each step.")
@JSON
@click.pass_obj
def stats(context: Context, *, watch: bool, as_json: bool) -> None:
    """Print the figures of every host that answers."""

    async def work(session: Session) -> int:
        figures = _Figures(session)
        failed = 1 if unreached(session) else 0
        if not figures.expected:
            return failed
        while True:
            await figures.complete()
            figures.show(as_json=as_json)
            if not watch:
                return failed

    click.get_current_context().exit(run(context, work, figures=True))


class _Figures:
    """The samples of one step of every host, until they are shown."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._samples: dict[Key, Sample] = {}
        self._rated: set[str] = set()
        self._arrived = asyncio.Event()
        lost = {host.key.host for host in unreached(session)}
        self.expected = {host.key.host for host in session.inventory.hosts()} - lost
        session.sampler.samples_arrived.connect(self._take)

    async def complete(self) -> None:
        """Wait until every host has told a whole step; rates need two readings."""
        try:
            async with asyncio.timeout(_LONGEST_WAIT_S):
                while not self.expected <= self._rated:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            if not self._rated:
                raise Failed("No figures came.", "No host told any in half a minute.") from None

    def show(self, *, as_json: bool) -> None:
        """Print what came, and begin anew."""
        samples = sorted(self._samples.values(), key=lambda sample: (sample.key[:2], sample.key.id))
        inventory = self._session.inventory
        if as_json:
            print_json(
                {
                    "samples": [
                        sample_document(
                            sample, self._name(sample.key), inventory.host(sample.key.host)
                        )
                        for sample in samples
                    ]
                }
            )
        else:
            print_table(_HEAD, [self._row(sample) for sample in samples], figures=6)
        self._samples.clear()
        self._rated.clear()

    def _take(self, samples: tuple[Sample, ...]) -> None:
        for sample in samples:
            known = self._samples.get(sample.key)
            self._samples[sample.key] = sample
            if known is not None or sample.cpu_ratio is not None:
                self._rated.add(sample.key.host)
        if samples and samples[0].key.host in self._rated:
            self._arrived.set()

    def _name(self, key: Key) -> str:
        return str(getattr(self._session.inventory.get(key), "name", key.id))

    def _row(self, sample: Sample) -> tuple[str, ...]:
        host = self._session.inventory.host(sample.key.host)
        is_host = sample.key.kind == "host"
        return (
            "(host)" if is_host else self._name(sample.key),
            host.name if host is not None else "",
            _told(sample.cpu_ratio, percent),
            _told(sample.memory_used_bytes, size),
            _told(sample.disk_read_bytes_per_s, byte_rate),
            _told(sample.disk_written_bytes_per_s, byte_rate),
            _told(sample.net_received_bits_per_s, bit_rate),
            _told(sample.net_sent_bits_per_s, bit_rate),
        )


def _told(value: float | None, word: Callable[[float], str]) -> str:
    return "-" if value is None else word(value)
