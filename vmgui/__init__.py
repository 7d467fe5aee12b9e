"""vmgui manages and shows virtualization through libvirt."""
