import io

from pycdlib import PyCdlib

from vmgui.hypervisor.cloud_init import seed_image


def read(disc: PyCdlib, **path: str) -> str:
    out = io.BytesIO()
    disc.get_file_from_iso_fp(out, **path)
    return out.getvalue().decode()


def test_the_disc_says_who_the_guest_is_by_every_name_that_cloud_init_looks_for() -> None:
    disc = PyCdlib()
    disc.open_fp(io.BytesIO(seed_image("i-1", "pc-07")))
    assert disc.pvd.volume_identifier.decode().strip() == "cidata"
    for path in ({"rr_path": "/meta-data"}, {"joliet_path": "/meta-data"}):
        assert read(disc, **path) == 'instance-id: "i-1"\nlocal-hostname: "pc-07"\n'
    assert read(disc, rr_path="/user-data").startswith("#cloud-config\n")
    disc.close()


def test_a_name_cant_become_a_setting() -> None:
    disc = PyCdlib()
    disc.open_fp(io.BytesIO(seed_image("i", 'x"\nruncmd: [evil]')))
    assert len(read(disc, rr_path="/meta-data").splitlines()) == 2
    disc.close()
