#!/usr/bin/env bash
# Installs what vmgui and its tests need and is missing here, then checks everything.
#
# Usage: packaging/test.sh [-y] [PYTEST ARGS…]
#   -y            installs system packages without asking (root is never asked)
#   PYTEST ARGS   run pytest with these and nothing else: packaging/test.sh tests/unit -k inventory
#
# Without PYTEST ARGS: shellcheck, the desktop files, ruff, mypy, import-linter, the unit tests as
# if Qt were not installed, then all tests. All of them run even if one fails; what failed is listed
# at the end.
#
# Qt draws offscreen unless QT_QPA_PLATFORM says otherwise. Settings, state and the session bus of
# whoever runs this are out of reach; downloads are kept in build/test-cache between runs.
set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

yes=no
if [[ ${1:-} == -y ]]; then
    yes=yes
    shift
fi
ensure_packages "$yes" window lab test
ensure_venv test
cd "$checkout"

own=$(mktemp -d -t vmgui-test.XXXXXX)
trap 'rm -rf "$own"' EXIT
mkdir -p build/test-cache
mkdir -m 700 "$own"/{config,data,state,run}
export XDG_CONFIG_HOME=$own/config XDG_DATA_HOME=$own/data XDG_STATE_HOME=$own/state
export XDG_RUNTIME_DIR=$own/run XDG_CACHE_HOME=$checkout/build/test-cache
export QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen}
unset DBUS_SESSION_BUS_ADDRESS LIBVIRT_DEFAULT_URI VIRSH_DEFAULT_CONNECT_URI

python=$venv/bin/python
if [[ $# -gt 0 ]]; then
    "$python" -m pytest "$@"
    exit
fi

failed=()
check() { # check NAME CMD…
    local name=$1
    shift
    say "$name"
    "$@" || failed+=("$name")
}
validate_metainfo() {
    local validate=(appstreamcli validate --no-net packaging/org.vmgui.vmgui.metainfo.xml)
    # The project has no homepage yet. AppStream 1.0 wants one; what is older doesn't know the tag.
    "${validate[@]}" >/dev/null || "${validate[@]}" --override url-homepage-missing=info
}
check shellcheck shellcheck -x packaging/*.sh .ci/run
check 'desktop file' desktop-file-validate packaging/org.vmgui.vmgui.desktop
check AppStream validate_metainfo
check 'ruff check' "$python" -m ruff check
check 'ruff format' "$python" -m ruff format --check
check mypy "$python" -m mypy
check import-linter "$python" "$venv/bin/lint-imports"
check 'unit tests without Qt' \
    "$python" -m pytest -q -p no:pytest-qt -p tests.without_qt tests/unit
check tests "$python" -m pytest

if [[ ${#failed[@]} -gt 0 ]]; then
    printf -v list '%s, ' "${failed[@]}"
    die "failed: ${list%, }"
fi
