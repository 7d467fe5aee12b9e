"""What a lab is made of, as others see it: frozen records and the one error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabPort:
    """A host's cable to the lab's switch. ``rate_bps``: bits a second each way; None: no limit.

    ``address`` is the host's own on the switch; inside the lab, hosts know each other by name too.
    """

    address: str
    joined: bool
    rate_bps: int | None


@dataclass(frozen=True, slots=True)
class LabHost:
    """One disposable hypervisor.

    ``pid`` is the libvirt daemon's process as seen from outside its namespaces, or None while
    there is none; ``init_pid`` is process 1 of those namespaces, likewise seen from outside:
    the whole host, guests included, ends with it. ``port`` is None where hosts aren't linked.
    ``peer_uri`` is how the lab's other hosts reach it, where ``uri`` is how we do.
    """

    name: str
    uri: str
    peer_uri: str
    pid: int | None
    init_pid: int
    running: bool
    virt_type: str
    guests: tuple[str, ...]
    port: LabPort | None = None


@dataclass(frozen=True, slots=True)
class LabStatus:
    """A lab as it is now. ``notes`` are plain sentences on what is not as it could be."""

    name: str
    running: bool
    hosts: tuple[LabHost, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabHeartbeat:
    """A guest's heartbeat as the lab heard it, on the machine's own monotonic clock.

    ``beats`` since it began anew, ``for_ms`` ago; ``quiet_ms`` since the last of them;
    ``longest_gap_ms`` between two of them, the quiet time now included unless it was stopped. It
    beats each 50 ms or a little more.
    """

    beats: int
    for_ms: float
    longest_gap_ms: float
    quiet_ms: float
    stopped: bool


@dataclass(frozen=True, slots=True)
class LabWorkload:
    """What a guest writes to its memory, and the speed that it reached in the last second."""

    write_mib_s: int
    over_mib: int
    reached_mib_s: float


@dataclass(frozen=True, slots=True)
class LabProblem:
    """One reason why a lab can't run here, and the way out."""

    what: str
    why: str
    what_to_do: str


class LabUnavailable(Exception):
    """The lab can't be had on this machine as it is. Each field is a plain sentence."""

    def __init__(self, what: str, why: str, what_to_do: str) -> None:
        super().__init__(f"{what} {why} {what_to_do}")
        self.what = what
        self.why = why
        self.what_to_do = what_to_do

    @classmethod
    def because(cls, problems: tuple[LabProblem, ...]) -> "LabUnavailable":
        """Make one error of at least one problem."""
        ways_out = dict.fromkeys(problem.what_to_do for problem in problems)
        return cls(
            "The lab can't run on this machine.",
            " ".join(f"{problem.what} {problem.why}" for problem in problems),
            " ".join(ways_out),
        )
