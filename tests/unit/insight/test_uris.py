import pytest

from vmgui.insight.uris import UriSpec, Way, build, name_for, problem, read, uri_problem


@pytest.mark.parametrize(
    ("spec", "uri"),
    [
        (UriSpec(), "qemu:///system"),
        (UriSpec(Way.SESSION), "qemu:///session"),
        (UriSpec(Way.SESSION, driver="lxc"), "lxc:///session"),
        (UriSpec(Way.SSH, host="lab-a"), "qemu+ssh://lab-a/system"),
        (
            UriSpec(Way.SSH, user="root", host="lab-a", port="2222"),
            "qemu+ssh://root@lab-a:2222/system",
        ),
        (UriSpec(Way.SSH, user="a@b", host="h"), "qemu+ssh://a%40b@h/system"),
        (
            UriSpec(Way.SSH, host="h", socket="/run/my socket", keyfile="/home/me/.ssh/id"),
            "qemu+ssh://h/system?socket=/run/my%20socket&keyfile=/home/me/.ssh/id",
        ),
        (UriSpec(Way.TLS, host="2001:db8::1", socket="/x"), "qemu+tls://[2001:db8::1]/system"),
        (UriSpec(Way.TEST), "test:///default"),
        (UriSpec(Way.TEST, file="/tmp/a b.xml"), "test:///tmp/a%20b.xml"),
        (UriSpec(Way.OTHER, uri=" xen:///system "), "xen:///system"),
    ],
)
def test_a_uri_is_made_of_what_was_filled_in(spec: UriSpec, uri: str) -> None:
    assert build(spec) == uri
    assert problem(spec) == ("", "")
    assert uri_problem(uri) == ""


@pytest.mark.parametrize(
    ("spec", "field", "says"),
    [
        (UriSpec(Way.SSH), "host", "Which host?"),
        (UriSpec(Way.SSH, host="-oProxyCommand=x"), "host", "minus"),
        (UriSpec(Way.SSH, host="a b"), "host", "neither"),
        (UriSpec(Way.SSH, host="h", user="-x"), "user", "minus"),
        (UriSpec(Way.SSH, host="h", port="0"), "port", "1 to 65535"),
        (UriSpec(Way.TLS, host="h", port="x"), "port", "not “x”"),
        (UriSpec(Way.SSH, host="h", keyfile="id_rsa"), "keyfile", "whole path"),
        (UriSpec(Way.SSH, host="h", socket="sock"), "socket", "whole path"),
        (UriSpec(Way.TEST, file="x.xml"), "file", "whole path"),
        (UriSpec(Way.OTHER, uri=""), "uri", "is needed"),
        (UriSpec(Way.OTHER, uri="lab-a"), "uri", "begins with its driver"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(spec: UriSpec, field: str, says: str) -> None:
    name, why = problem(spec)
    assert name == field
    assert says in why


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("qemu:/system", "After the driver"),
        ("qemu+ssh:///system", "host has to be named"),
        ("qemu+ssh://-oX/system", "minus"),
        ("qemu+ssh://-oX@host/system", "minus"),
        ("qemu:///a b", "no spaces"),
        ("qemu:///a\nb", "no spaces"),
        ("qemu+tls://h:99999/system", "no URI"),
        ("qemu+tls://[::1/system", "no URI"),
        ("qemu+tls://h:0/system", "1 to 65535"),
    ],
)
def test_a_uri_that_no_libvirt_opens_is_refused_with_a_reason(uri: str, says: str) -> None:
    assert says in uri_problem(uri)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("qemu+ssh://root@lab-a/system", "lab-a"),
        ("qemu:///system", "qemu here"),
        ("qemu:///session", "my qemu session"),
        ("test:///default", "test (default)"),
        ("test:///tmp/x.xml", "test (x.xml)"),
        ("vbox:///else", "vbox:///else"),
    ],
)
def test_a_host_without_a_name_gets_a_short_one(uri: str, name: str) -> None:
    assert name_for(uri) == name


@pytest.mark.parametrize(
    ("uri", "way"),
    [
        ("qemu:///system", Way.SYSTEM),
        ("lxc:///session", Way.SESSION),
        ("qemu+ssh://root@lab-a:2222/system?socket=/run/x&keyfile=/a%20b", Way.SSH),
        ("qemu+tls://[2001:db8::1]/system", Way.TLS),
        ("test:///default", Way.TEST),
        ("test:///tmp/x.xml", Way.TEST),
        ("qemu+ssh://h/system?no_verify=1", Way.OTHER),
        ("esx://h/?no_verify=1", Way.OTHER),
        ("qemu+ssh://h:x/", Way.OTHER),
        ("", Way.OTHER),
    ],
)
def test_a_uri_is_read_back_into_what_was_filled_in(uri: str, way: Way) -> None:
    spec = read(uri)
    assert spec.way is way
    assert build(spec) == uri
