"""Runs virt-manager as it is installed, and notes when its tree has so many machines.

    python3 virt_manager.py SIZE OUT [VIRT-MANAGER'S ARGUMENTS…]

appends ``{"complete_s": …}`` (CLOCK_MONOTONIC) to OUT once SIZE machines have been put into the
tree. Counting is all that is added to it. Needs the Python that virt-manager runs on.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

PLACE = "/usr/share/virt-manager"


def main() -> None:
    """Count, and be virt-manager otherwise."""
    size, out = int(sys.argv[1]), Path(sys.argv[2])
    sys.path.insert(0, PLACE)
    sys.argv[:] = ["virt-manager", *sys.argv[3:]]
    from virtManager import virtmanager

    import_gtk, added = virtmanager._import_gtk, 0

    def import_and_count(*args: Any) -> Any:
        # Its modules can be imported only after this.
        left_over = import_gtk(*args)
        from virtManager.manager import vmmManager

        add = vmmManager.vm_added

        def counted(*args: Any) -> None:
            nonlocal added
            add(*args)
            added += 1
            if added == size:
                row = {"complete_s": time.monotonic()}
                out.write_text(json.dumps(row) + "\n", encoding="utf-8")

        vmmManager.vm_added = counted
        return left_over

    virtmanager._import_gtk = import_and_count
    virtmanager.runcli()


if __name__ == "__main__":
    main()
