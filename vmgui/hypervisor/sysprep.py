"""virt-sysprep: gives the system inside a disk another name, id and SSH keys.

Part of libguestfs (https://libguestfs.org/virt-sysprep.1.html); it works on local files of a
machine that is off.
"""

import asyncio

from vmgui.hypervisor.errors import CallFailed, NotSupported

OPERATIONS = "ssh-hostkeys,machine-id,dhcp-client-state,customize"
"""What is done inside; "customize" is what sets the host name. Accounts and logs stay."""


async def sysprep(paths: tuple[str, ...], hostname: str, what: str) -> None:
    """Make the system on these disks another one; ``what`` is the sentence of what failed.

    Raises CallFailed with the program's own words, NotSupported where there is no program.
    """
    words = ["--quiet", "--operations", OPERATIONS, "--hostname", hostname]
    for path in paths:
        words += ["--add", path]
    try:
        process = await asyncio.create_subprocess_exec(
            "virt-sysprep",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise NotSupported(what, "virt-sysprep is not installed.") from None
    try:
        told, _ = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode != 0:
        lines = told.decode(errors="replace").strip().splitlines()
        raise CallFailed(
            what,
            f"virt-sysprep: {lines[-1] if lines else f'it ended with {process.returncode}'}",
            "Choose another way to tell the guest its name.",
        )
