"""A disc that tells cloud-init in a guest who it is: a NoCloud seed.

Format: an ISO 9660 volume called ``cidata`` with the files meta-data and user-data
(https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html).
"""

import io
import json


def seed_image(instance_id: str, hostname: str) -> bytes:
    """Return the disc. A new instance id lets cloud-init make new SSH host keys.

    Both texts are quoted: YAML takes each JSON string as it is.
    """
    # The module costs 30 ms, and few want it.
    from pycdlib import PyCdlib  # noqa: PLC0415

    meta_data = (
        f"instance-id: {json.dumps(instance_id)}\nlocal-hostname: {json.dumps(hostname)}\n"
    ).encode()
    user_data = b"#cloud-config\n{}\n"
    disc = PyCdlib()
    disc.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident="cidata")
    for number, (name, data) in enumerate((("meta-data", meta_data), ("user-data", user_data))):
        disc.add_fp(
            io.BytesIO(data),
            len(data),
            f"/DATA{number}.;1",
            rr_name=name,
            joliet_path=f"/{name}",
        )
    out = io.BytesIO()
    disc.write_fp(out)
    disc.close()
    return out.getvalue()
