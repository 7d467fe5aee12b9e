"""The newest figures of one host and its machines, and the last minutes of CPU."""

import math
from array import array
from collections.abc import Mapping

from vmgui.hypervisor.stats import Reading
from vmgui.inventory.figures import DomainCounters, HostCounters, Sample
from vmgui.inventory.key import Key, domain_key
from vmgui.metrics.rates import domain_sample, host_sample

_POINTS = 60
_POINT_S = 5.0


class Recent:
    """CPU of the last five minutes: a point for 5 s, the mean of what was seen in them.

    Takes 240 bytes of values; nan where nothing was seen. A sample fills all the points that its
    step reaches back over, so that a machine which is read in turns has a line, not dots.
    """

    __slots__ = ("_number", "_seen", "_values")

    def __init__(self) -> None:
        self._values = array("f")
        self._number = 0  # of the newest point, counted from the epoch
        self._seen = 0

    def add(self, sample: Sample) -> None:
        """Take in a sample that is newer than those before."""
        ratio = math.nan if sample.cpu_ratio is None else sample.cpu_ratio
        number = int(sample.at_s // _POINT_S)
        if self._values and number == self._number:
            self._mix(ratio)
            return
        missed = min(max(number - self._number - 1, 0), _POINTS) if self._values else 0
        reached = int((sample.at_s - (sample.step_s or 0.0)) // _POINT_S)
        for i in range(number - missed, number):
            self._values.append(ratio if i >= reached else math.nan)
        self._values.append(ratio)
        self._number, self._seen = number, 0 if math.isnan(ratio) else 1
        if len(self._values) > _POINTS:
            del self._values[: len(self._values) - _POINTS]

    def values(self) -> "array[float]":
        """Return the points, the oldest first, as a copy."""
        return self._values[:]

    def _mix(self, ratio: float) -> None:
        if math.isnan(ratio):
            return
        seen = self._seen
        self._values[-1] = (self._values[-1] * seen + ratio) / (seen + 1) if seen else ratio
        self._seen = seen + 1


class HostFigures:
    """What is known of one host's figures now. Belongs to the loop's thread."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._before: dict[Key, DomainCounters] = {}
        self._host_before: HostCounters | None = None
        self._latest: dict[Key, Sample] = {}
        self._recent: dict[Key, Recent] = {}
        self._active: frozenset[str] = frozenset()

    @property
    def latest(self) -> Mapping[Key, Sample]:
        """Return the newest sample of each running machine, and of the host."""
        return self._latest

    def recent_cpu(self, key: Key) -> "array[float]":
        """Return the last minutes of CPU, the oldest first; nan where nothing was seen."""
        recent = self._recent.get(key)
        return array("f") if recent is None else recent.values()

    def take(self, reading: Reading, epoch_s: float) -> tuple[Sample, ...]:
        """Make samples of a reading, the host's last; forget machines that no longer run.

        ``epoch_s`` is what has to be added to monotonic time to make it wall time.
        """
        if reading.active != self._active:
            for uuid in self._active - reading.active:
                self._forget(domain_key(self._uri, uuid))
            self._active = reading.active
        samples = []
        for counters in reading.domains:
            before = self._before.get(counters.key)
            sample = domain_sample(before, counters, counters.at_monotonic_s + epoch_s)
            self._before[counters.key] = counters
            self._keep(sample)
            samples.append(sample)
        host = reading.host
        machines = (sample for key, sample in self._latest.items() if key.kind == "domain")
        sample = host_sample(self._host_before, host, machines, host.at_monotonic_s + epoch_s)
        self._host_before = host
        self._keep(sample)
        return (*samples, sample)

    def interrupt(self, uuids: frozenset[str] | None = None) -> None:
        """Begin anew, so that what comes next is not compared with what was before a gap.

        Of the machines in ``uuids``, or of everything.
        """
        if uuids is None:
            self._before.clear()
            self._host_before = None
        else:
            for uuid in uuids:
                self._before.pop(domain_key(self._uri, uuid), None)

    def _keep(self, sample: Sample) -> None:
        self._latest[sample.key] = sample
        recent = self._recent.get(sample.key)
        if recent is None:
            recent = self._recent[sample.key] = Recent()
        recent.add(sample)

    def _forget(self, key: Key) -> None:
        self._before.pop(key, None)
        self._latest.pop(key, None)
        self._recent.pop(key, None)
