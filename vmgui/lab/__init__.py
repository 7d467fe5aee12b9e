"""Disposable real hypervisors, and the guest that they boot."""
