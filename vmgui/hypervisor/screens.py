"""Pictures of guests' screens."""

import contextlib

import libvirt

from vmgui.hypervisor.errors import NotSupported
from vmgui.insight.thumbnail import NoPicture, shrink

_LARGEST_BYTES = 64 << 20
_PIECE_BYTES = 1 << 16


def take_thumbnail(conn: libvirt.virConnect, uuid: str) -> bytes:
    """Return a small picture of a machine's first screen, as a PNG; see `thumbnail.shrink`.

    Blocks, for ever if the guest hangs: it is for a call on a connection of its own, which is
    left behind at its deadline. Raises libvirtError where the machine is off or has no screen,
    and `NotSupported` where its picture can't be read.
    """
    handle = conn.lookupByUUIDString(uuid)
    stream = conn.newStream(0)
    try:
        handle.screenshot(stream, 0)
        picture = _received(stream)
    except BaseException:
        # A stream that was never begun has nothing to break off, and says so.
        with contextlib.suppress(libvirt.libvirtError):
            stream.abort()
        raise
    stream.finish()
    try:
        return shrink(picture)
    except NoPicture as error:
        raise NotSupported("The picture of the screen can't be read.", str(error)) from error


def _received(stream: libvirt.virStream) -> bytes:
    pieces: list[bytes] = []
    taken = 0
    while piece := stream.recv(_PIECE_BYTES):
        pieces.append(piece)
        taken += len(piece)
        if taken > _LARGEST_BYTES:
            raise NotSupported("The picture of the screen can't be read.", "It has no end.")
    return b"".join(pieces)
