"""The program that ssh starts to ask something: carries the question to vmgui's socket.

Runs by itself, outside of vmgui, so it imports nothing of it. ``askpass.py SOCKET QUESTION``
prints the answer and exits 0, or exits 1 where there is none.
"""

import socket
import sys


def main(path: str, question: str) -> int:
    """Ask ``question`` at the socket ``path``; a leading ``+`` tells an answer from none."""
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(path)
        link.sendall(question.encode(errors="replace"))
        link.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: link.recv(4096), b""))
    if not answer.startswith(b"+"):
        return 1
    sys.stdout.buffer.write(answer[1:] + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
