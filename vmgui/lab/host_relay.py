"""Carries bytes between standard input and output and a unix socket, until either ends.

Copied to where a lab's hosts see it, and run there with the socket's path: so a host's libvirt
reaches its neighbour. It needs the standard library alone.
"""

import os
import select
import socket
import sys

_CHUNK = 65_536


def main(path: str) -> None:
    """Connect to the socket and carry."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as neighbour:
        neighbour.connect(path)
        other_end = {0: neighbour.fileno(), neighbour.fileno(): 1}
        while True:
            for ready in select.select(list(other_end), [], [])[0]:
                data = os.read(ready, _CHUNK)
                if not data:
                    return
                while data:
                    data = data[os.write(other_end[ready], data) :]


if __name__ == "__main__":
    main(sys.argv[1])
