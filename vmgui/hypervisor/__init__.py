"""The only room that speaks to libvirt."""
