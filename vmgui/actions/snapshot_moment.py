"""The picture of a machine's screen at the moment of a snapshot."""

from vmgui.actions.work import Work
from vmgui.hypervisor.errors import VmguiError
from vmgui.hypervisor.screens import take_thumbnail
from vmgui.inventory.domain import Domain, DomainState

_DEADLINE_S = 5.0
_SHOWS = frozenset({DomainState.RUNNING, DomainState.PAUSED})


async def picture_of(work: Work[Domain], deadline_s: float = _DEADLINE_S) -> bytes:
    """Return a small PNG of the machine's screen now, for `Moment.picture`.

    b"" where it shows nothing or doesn't answer in time: a picture is a courtesy, and what is
    done besides doesn't fail for want of it.
    """
    if work.record.state not in _SHOWS or not work.record.screens:
        return b""
    try:
        return await work.act(take_thumbnail, deadline_s=deadline_s)
    except VmguiError:
        return b""
