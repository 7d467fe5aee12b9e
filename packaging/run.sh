#!/usr/bin/env bash
# Installs what vmgui needs and is missing here, then runs it.
#
# Usage: packaging/run.sh [-y] [ARGS…]
#   -y     installs system packages without asking (root is never asked)
#   ARGS   go to vmgui as they are; without any it opens its window
set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

yes=no
if [[ ${1:-} == -y ]]; then
    yes=yes
    shift
fi
ensure_packages "$yes" window lab
ensure_venv run
# -P: a file in the directory where vmgui is started must not stand in for a module.
exec "$venv/bin/python" -P -m vmgui "$@"
