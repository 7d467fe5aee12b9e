"""The floor: what anybody must pay who asks libvirt for the same, with no window at all.

    python floor.py URI OUT STEP_S

opens the URI, lists all machines with their names and states, reads the XML of each, and appends a
JSON object to OUT: ``complete`` (CLOCK_MONOTONIC) and ``open_s``, how long opening alone took. Then
it reads all figures of all running machines every STEP_S seconds, until it is killed: with the bulk
call where it tells CPU time, else machine by machine, as on the test driver.
"""

import json
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import libvirt


def main() -> None:
    """List once, then read figures for ever."""
    uri, out, step_s = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    began_s = time.monotonic()
    conn = libvirt.open(uri)
    opened_s = time.monotonic()
    listed = [
        (domain, domain.name(), domain.state(), domain.XMLDesc())
        for domain in conn.listAllDomains()
    ]
    complete_s = time.monotonic()
    row = {"complete_s": complete_s, "open_s": opened_s - began_s, "machines": len(listed)}
    out.write_text(json.dumps(row) + "\n", encoding="utf-8")
    devices = {name: _devices(xml) for _domain, name, _state, xml in listed}
    listed.clear()
    while True:
        _read_all(conn, devices)
        time.sleep(step_s)


def _devices(xml: str) -> tuple[list[str], list[str]]:
    """Return the targets of disks and of interfaces."""
    root = ElementTree.fromstring(xml)
    disks = [
        target.get("dev", "")
        for disk in root.iterfind("devices/disk")
        if disk.get("device") == "disk" and (target := disk.find("target")) is not None
    ]
    return disks, [nic.get("dev", "") for nic in root.iterfind("devices/interface/target")]


def _read_all(conn: libvirt.virConnect, devices: dict[str, tuple[list[str], list[str]]]) -> None:
    figures = conn.getAllDomainStats(flags=libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE)
    if any("cpu.time" in told for _domain, told in figures):
        return
    for domain, _told in figures:
        disks, interfaces = devices[domain.name()]
        domain.info()
        domain.memoryStats()
        for name in disks:
            domain.blockStats(name)
        for name in interfaces:
            domain.interfaceStats(name)


if __name__ == "__main__":
    main()
