#!/usr/bin/env bash
# Writes the lock files anew from pyproject.toml, newest versions first. Needs `uv` on the PATH.
#
# Usage: packaging/lock.sh [--keep]     --keep changes only what pyproject.toml asks for
#
# The locks hold for every supported Python (markers tell them apart), have the hash of every
# file on the Python Package Index, and name no address, so that any mirror can serve them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

renew=(--upgrade)
if [[ ${1:-} == --keep ]]; then
    renew=()
fi

# A developer's own mirror must not decide which hashes we know (see --no-config, too).
unset UV_DEFAULT_INDEX UV_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS

lock() { # lock FILE UV_ARGS…
    local file=$1
    shift
    uv pip compile "$@" "${renew[@]}" --quiet --universal --python-version 3.11 --generate-hashes \
        --no-config --no-emit-index-url \
        --custom-compile-command packaging/lock.sh --output-file "$file"
}

# libvirt-python is published as source only; what builds it is locked as well.
lock packaging/requirements-build.txt - <<<setuptools
lock packaging/requirements.txt pyproject.toml
lock packaging/requirements-test.txt --group test --constraint packaging/requirements.txt
