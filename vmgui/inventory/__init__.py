"""What exists: frozen records of libvirt's objects, and the one map that holds them. No I/O."""
