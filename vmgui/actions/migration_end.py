"""Where a machine is after a migration, told from what both hosts say; never guessed."""

from dataclasses import dataclass

from vmgui.hypervisor.migration import Standing
from vmgui.inventory.migration import Outcome, Whereabouts


@dataclass(frozen=True, slots=True)
class Seen:
    """What one host said. ``answered`` is false where it couldn't be asked."""

    name: str
    standing: Standing | None = None
    answered: bool = True

    @property
    def runs(self) -> bool:
        """Tell whether the machine runs here, as far as is known."""
        return self.standing is not None and self.standing.runs


@dataclass(frozen=True, slots=True)
class End:
    """What came of it, in a sentence with what to do."""

    outcome: Outcome
    runs_at: Whereabouts
    sentence: str


def judge(  # noqa: PLR0911  a truth table, a row each
    machine: str, here: Seen, there: Seen, *, live: bool, cancelled: bool, post_copy: bool
) -> End:
    """Return where the machine is after a migration that didn't end well.

    ============  ============  ==============================================
    source        destination   what is said
    ============  ============  ==============================================
    half          any           broken off half-way (any: also the other side)
    runs          runs          two copies: which to end
    runs          anything      it runs on, nothing is lost
    doesn't       runs          it arrived all the same
    not asked     runs          it runs there; look at the source
    not asked     doesn't       not known
    doesn't       not asked     not known
    doesn't       doesn't       runs nowhere (off ones: where it is defined)
    ============  ============  ==============================================

    Half is a machine of which post-copy broke off, or that isn't back from it.
    """
    failed = Outcome.CANCELLED if cancelled else Outcome.FAILED
    if _is_half(here) or _is_half(there) or (post_copy and not here.runs and not there.runs):
        return End(
            Outcome.BROKEN,
            Whereabouts.UNKNOWN,
            f"{machine} runs on neither host: post-copy broke off, and each has a part of its "
            "memory. Leave both as they are, mend the link, and resume it (virsh migrate "
            "--postcopy-resume); if that fails, what was in its memory is lost: force it off on "
            "both, and start it from its disks.",
        )
    if here.runs and there.runs:
        return End(
            failed,
            Whereabouts.UNKNOWN,
            f"{machine} is active on {here.name} and on {there.name}. Pause one at once, look "
            f"which one is right, and force the other off: both may write to the same disks.",
        )
    if here.runs:
        unasked = "" if there.answered else f" {there.name} can't be asked; nothing runs there "
        unasked += "" if there.answered else "that has all of its memory."
        end = f"{machine} runs on {here.name} as before; nothing is lost.{unasked}"
        return End(failed, Whereabouts.SOURCE, end)
    if there.runs:
        look = "" if here.answered else f" {here.name} can't be asked: look at it before anything "
        look += "" if here.answered else "is started there."
        return End(
            Outcome.ARRIVED,
            Whereabouts.DESTINATION,
            f"{machine} runs on {there.name} all the same; nothing is lost.{look}",
        )
    if not here.answered or not there.answered:
        silent = " and ".join(each.name for each in (here, there) if not each.answered)
        return End(
            Outcome.UNKNOWN,
            Whereabouts.UNKNOWN,
            f"Where {machine} runs now is not known: {silent} can't be asked. Don't start it "
            "anywhere before that host was looked at.",
        )
    if not live:
        where = [each.name for each in (here, there) if each.standing is not None]
        told = f"is off, and defined on {' and '.join(where)}" if where else "is defined nowhere"
        runs_at = Whereabouts.SOURCE if here.standing is not None else Whereabouts.NOWHERE
        return End(failed, runs_at, f"{machine} {told}. Its disks weren't touched.")
    defined = here.name if here.standing is not None else there.name
    return End(
        failed,
        Whereabouts.NOWHERE,
        f"{machine} runs nowhere: it ended meanwhile, and what was only in its memory is lost. "
        f"Start it on {defined}.",
    )


def _is_half(seen: Seen) -> bool:
    return seen.standing is not None and "post-copy" in seen.standing.reason
