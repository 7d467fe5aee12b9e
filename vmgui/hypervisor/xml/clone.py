"""A clone's definition, made of the source's: what isn't known survives, what is its own changes.

Format: https://libvirt.org/formatdomain.html.
"""

import posixpath
import re

from lxml import etree

from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.metadata import BaseOfDisk, Origin, check_text, origin_element
from vmgui.insight.clone_plan import PlannedDisk, PlannedMachine
from vmgui.insight.clone_spec import CloneSpec, DiskChoice, GuestName
from vmgui.inventory.domain import METADATA_URI, ORIGIN_URI

KERNEL_NAME = "vmgui.name="
"""The word of the kernel's command line by which the lab's guests get their name."""

_NAME_WORD = re.compile(rf"(?<!\S){re.escape(KERNEL_NAME)}\S*")
_CHARACTER_DEVICES = ("serial", "parallel", "console", "channel")
_OWN_FOLDER = "/var/lib/libvirt/qemu/"
"""Where libvirt puts sockets that it names itself: a definition without one gets a new one."""


def clone_xml(
    xml: str, machine: PlannedMachine, spec: CloneSpec, source: tuple[str, str] = ("", "")
) -> str:
    """Return the definition of ``machine``; ``source`` is UUID and name of whom it reads from.

    Both are "" where no disk is linked. The text is ASCII. Raises `UnreadableXml`, and `UnfitText`
    for a name that XML can't hold.
    """
    root = parse(xml, "domain")
    old_name = root.findtext("name", "")
    _drop(root, "id")
    _set(root, "name", check_text(machine.name))
    _identify(root, machine)
    _mark(root, machine, spec, source)
    _boot(root, machine, spec)
    devices = root.find("devices")
    if devices is not None:
        _disks(devices, machine)
        _interfaces(devices, machine, spec)
        for device in devices.iterchildren(*_CHARACTER_DEVICES):
            _own_paths(device, old_name, machine.name)
        for graphics in devices.iterchildren("graphics"):
            _own_screen(graphics)
        _without_foreign_devices(devices)
        if machine.seed_path:
            _seed(root, devices, machine.seed_path)
    text = etree.tostring(root, encoding="us-ascii", xml_declaration=False, pretty_print=True)
    return text.decode()


def _drop(element: etree._Element, attribute: str) -> None:
    if attribute in element.attrib:
        del element.attrib[attribute]


def _set(root: etree._Element, name: str, text: str) -> None:
    found = root.find(name)
    if found is None:
        found = etree.SubElement(root, name)
    found.text = text


def _identify(root: etree._Element, machine: PlannedMachine) -> None:
    old = root.findtext("uuid", "")
    _set(root, "uuid", machine.uuid)
    for genid in root.iterchildren("genid"):
        genid.text = None  # libvirt makes one
    # Whoever reads the title would take it for the source.
    for title in root.findall("title"):
        root.remove(title)
    for entry in root.iterfind("sysinfo/*/entry"):
        # libvirt refuses a firmware's UUID that isn't the machine's.
        if entry.get("name") in {"uuid", "serial"} and entry.text:
            own = entry.get("name") == "uuid" or entry.text == old
            entry.text = machine.uuid if own else f"{entry.text}-{machine.number}"


def _mark(
    root: etree._Element, machine: PlannedMachine, spec: CloneSpec, source: tuple[str, str]
) -> None:
    metadata = root.find("metadata")
    if metadata is None:
        metadata = etree.SubElement(root, "metadata")
    for tag in (f"{{{METADATA_URI}}}tags", f"{{{ORIGIN_URI}}}origin"):
        for element in metadata.findall(tag):
            metadata.remove(element)
    tags = [tag.strip() for tag in spec.tags if tag.strip()]
    if tags:
        element = etree.SubElement(
            metadata, f"{{{METADATA_URI}}}tags", nsmap={"vmgui": METADATA_URI}
        )
        for tag in dict.fromkeys(tags):
            etree.SubElement(element, f"{{{METADATA_URI}}}tag").text = check_text(tag)
    if source[0]:
        origin = origin_element(origin_of(machine, source))
        assert origin is not None
        # Without a prefix: libvirt takes an element by its namespace, whatever it is called.
        own = origin.replace("<origin ", f'<origin xmlns="{ORIGIN_URI}" ', 1)
        metadata.append(etree.fromstring(own))
    if len(metadata) == 0:
        root.remove(metadata)


def origin_of(machine: PlannedMachine, source: tuple[str, str]) -> Origin:
    """Return where a clone comes from, as its metadata tell it."""
    return Origin(
        clone_of=source[0],
        clone_of_name=source[1],
        bases=tuple(
            BaseOfDisk(disk.target, disk.backing, disk.backing_format)
            for disk in machine.disks
            if disk.choice is DiskChoice.LINKED
        ),
    )


def _boot(root: etree._Element, machine: PlannedMachine, spec: CloneSpec) -> None:
    os = root.find("os")
    if os is None:
        return
    for variables in os.findall("nvram"):
        for source in variables.findall("source"):
            variables.remove(source)
        _drop(variables, "type")
        variables.text = machine.nvram or None
        if not machine.nvram and not variables.attrib:
            os.remove(variables)
    line = os.find("cmdline")
    if spec.guest is GuestName.KERNEL and line is not None:
        line.text = _NAME_WORD.sub(f"{KERNEL_NAME}{machine.hostname}", line.text or "")


def _disks(devices: etree._Element, machine: PlannedMachine) -> None:
    planned = {disk.target: disk for disk in machine.disks}
    for disk in devices.findall("disk"):
        target = disk.find("target")
        plan = planned.get(target.get("dev", "") if target is not None else "")
        if plan is None or plan.choice is DiskChoice.OUT:
            devices.remove(disk)
        elif plan.choice is DiskChoice.SHARED:
            _share(disk)
        else:
            _give(disk, plan)


def _share(disk: etree._Element) -> None:
    for shareable in disk.findall("shareable"):
        disk.remove(shareable)
    if disk.find("readonly") is None:
        etree.SubElement(disk, "readonly")


def _give(disk: etree._Element, plan: PlannedDisk) -> None:
    """Put the clone's own file, or nothing, where the source's was."""
    for name in ("source", "backingStore", "mirror", "shareable"):
        for element in disk.findall(name):
            disk.remove(element)
    if not plan.path:
        return
    block = plan.path.startswith("/dev/")
    disk.set("type", "block" if block else "file")
    driver = disk.find("driver")
    if driver is None:
        driver = etree.Element("driver", name="qemu")
        disk.insert(0, driver)
    driver.set("type", plan.format)
    source = etree.Element("source")
    source.set("dev" if block else "file", plan.path)
    driver.addnext(source)


def _interfaces(devices: etree._Element, machine: PlannedMachine, spec: CloneSpec) -> None:
    for interface, (_, own) in zip(devices.findall("interface"), machine.macs, strict=True):
        mac = interface.find("mac")
        if mac is None:
            mac = etree.Element("mac")
            interface.insert(0, mac)
        mac.set("address", own)
        for target in interface.findall("target"):
            _drop(target, "dev")  # an interface of the host, which can't be there twice
            if not target.attrib:
                interface.remove(target)
        for parameters in interface.iterfind("virtualport/parameters"):
            _drop(parameters, "interfaceid")
            _drop(parameters, "profileid")
        source = interface.find("source")
        if source is None or interface.get("type") != "network":
            continue
        for own_of_run in ("portid", "bridge"):
            _drop(source, own_of_run)
        if spec.network:
            source.set("network", spec.network)
            _drop(source, "portgroup")


def _own_paths(device: etree._Element, old: str, new: str) -> None:
    """Give a serial port, console or channel a log and a socket of its own."""
    for log in device.iterchildren("log"):
        if log.get("file"):
            log.set("file", _renamed(log.get("file", ""), old, new))
    for source in device.findall("source"):
        path = source.get("path", "")
        if device.get("type") == "pty" or path.startswith(_OWN_FOLDER):
            _drop(source, "path")
            if not source.attrib or source.get("mode") == "bind":
                device.remove(source)
        elif path and device.get("type") in {"file", "unix"}:
            # A server that others connect to as well stays the one that it is.
            is_servers = source.get("mode") == "connect"
            if not is_servers or _own_name(old).search(posixpath.basename(path)):
                source.set("path", _renamed(path, old, new))


def _own_name(name: str) -> re.Pattern[str]:
    """Return what finds a machine's name as a whole word."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")


def _renamed(path: str, old: str, new: str) -> str:
    """Return a path that has ``new`` where it had ``old``, or before its last dot."""
    folder, name = posixpath.split(path)
    own = _own_name(old)
    if old and own.search(name):
        return posixpath.join(folder, own.sub(lambda _: new, name))
    stem, suffix = posixpath.splitext(name)
    return posixpath.join(folder, f"{stem}-{new}{suffix}")


def _own_screen(graphics: etree._Element) -> None:
    """Let libvirt choose the port, or the socket, of a screen."""
    _drop(graphics, "socket")
    for listen in graphics.iterchildren("listen"):
        _drop(listen, "socket")
    if graphics.get("port") is not None or graphics.get("tlsPort") is not None:
        _drop(graphics, "tlsPort")
        graphics.set("port", "-1")
        graphics.set("autoport", "yes")


def _without_foreign_devices(devices: etree._Element) -> None:
    """Remove what belongs to the source alone; `clone_facts` tells which."""
    for device in foreign_devices(devices):
        devices.remove(device)
    for cid in devices.iterfind("vsock/cid"):
        _drop(cid, "address")
        cid.set("auto", "yes")


def foreign_devices(devices: etree._Element) -> list[etree._Element]:
    """Return the devices that only one machine can have: those of the host itself."""
    return [
        *devices.findall("hostdev"),
        *devices.findall("interface[@type='hostdev']"),
        *devices.findall("interface[@type='vdpa']"),
        *(
            tpm
            for tpm in devices.findall("tpm")
            if tpm.find("backend[@type='passthrough']") is not None
        ),
    ]


def _seed(root: etree._Element, devices: etree._Element, path: str) -> None:
    """Put the seed into the drive that has one, or into a drive of its own."""
    for disk in devices.findall("disk[@device='cdrom']"):
        if disk.find("source") is None and disk.find("target") is not None:
            drive = disk
            break
    else:
        drive = etree.Element("disk", device="cdrom")
        bus, letters = ("sata", "sd") if _is_q35(root) else ("ide", "hd")
        taken = {target.get("dev") for target in devices.iterfind("disk/target")}
        free = next(
            f"{letters}{each}" for each in "abcdefghijklmnop" if f"{letters}{each}" not in taken
        )
        etree.SubElement(drive, "target", dev=free, bus=bus)
        etree.SubElement(drive, "readonly")
        disks = devices.findall("disk")
        if disks:
            disks[-1].addnext(drive)
        else:
            devices.insert(0, drive)
    drive.set("type", "file")
    driver = drive.find("driver")
    if driver is None:
        driver = etree.Element("driver", name="qemu")
        drive.insert(0, driver)
    driver.set("type", "raw")
    source = etree.Element("source", file=path)
    driver.addnext(source)


def _is_q35(root: etree._Element) -> bool:
    kind = root.find("os/type")
    machine = kind.get("machine", "") if kind is not None else ""
    return "q35" in machine or not machine.startswith("pc")
