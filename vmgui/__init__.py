"""vmgui manages and shows virtualization through libvirt."""

__version__ = "0.1.0"
