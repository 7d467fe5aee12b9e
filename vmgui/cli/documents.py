"""Records as JSON: stable snake_case keys, units in names. Others script against it."""

from dataclasses import asdict
from typing import Any

from vmgui.actions.job import Job
from vmgui.inventory.domain import Domain
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host
from vmgui.inventory.images import Image
from vmgui.inventory.snapshot import Snapshot


def host_document(host: Host) -> dict[str, Any]:
    """Return a host; the times of its link are this process's own and are left out."""
    values = asdict(host)
    del values["key"], values["link"]
    link = host.link
    return {
        "uri": host.key.host,
        **values,
        "missing_calls": sorted(host.missing_calls),
        "link_state": link.state,
        "link_why": link.why,
        "link_what_to_do": link.what_to_do,
        "link_libvirt_says": link.libvirt_says,
        "latency_s": link.latency_s,
        "read_only": link.read_only,
    }


def domain_document(domain: Domain, host: Host | None) -> dict[str, Any]:
    """Return a machine."""
    values = asdict(domain)
    del values["key"]
    return {
        "uuid": domain.uuid,
        "host_uri": domain.key.host,
        "host_name": host.name if host is not None else "",
        **values,
    }


def snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot; the machine as it was then by what it had."""
    values = asdict(snapshot)
    del values["key"], values["domain"]
    then = snapshot.then
    values["then"] = None if then is None else domain_document(then, None)
    return {"domain_uuid": snapshot.domain.id, "host_uri": snapshot.key.host, **values}


def image_document(image: Image) -> dict[str, Any]:
    """Return a file behind disks, with who names it."""
    values = asdict(image)
    del values["pool"], values["users"]
    return {
        **values,
        "pool_uuid": image.pool.id if image.pool is not None else "",
        "users": [
            {
                "domain_uuid": user.domain.id,
                "domain_name": user.domain_name,
                "use": user.use,
                "target": user.target,
                "snapshot": user.snapshot,
                "active": user.active,
            }
            for user in image.users
        ],
    }


def sample_document(sample: Sample, name: str, host: Host | None) -> dict[str, Any]:
    """Return a sample of a machine or a host."""
    values = asdict(sample)
    del values["key"]
    return {
        "kind": sample.key.kind,
        "name": name,
        "uuid": sample.key.id,
        "host_uri": sample.key.host,
        "host_name": host.name if host is not None else "",
        **values,
    }


def job_document(job: Job) -> dict[str, Any]:
    """Return a job that has ended."""
    error = job.error
    return {
        "action": job.action_id,
        "target_kind": job.target.kind,
        "target_id": job.target.id,
        "target_name": job.target_name,
        "host_uri": job.target.host,
        "host_name": job.host_name,
        "virsh": list(job.virsh),
        "state": job.state,
        "started_at_s": job.started_at_s,
        "ended_at_s": job.ended_at_s,
        "note": job.note,
        "error": None
        if error is None
        else {
            "what": error.what,
            "why": error.why,
            "what_to_do": error.what_to_do,
            "state_now": job.state_now,
            "libvirt_says": error.libvirt_says,
        },
    }
