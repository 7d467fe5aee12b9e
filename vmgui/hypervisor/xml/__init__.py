"""libvirt's XML in and out, a kind a file."""
