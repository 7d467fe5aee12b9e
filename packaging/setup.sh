# shellcheck shell=bash
# What run.sh and test.sh share: the system's packages, a Python, and .venv from the lock files.
# Sourced, never run. Steps are told on standard error, a line each: standard output is vmgui's.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$checkout/.venv
os_release=/etc/os-release
system_python=/usr/bin/python3
libvirt_root=/usr
pacman_lists=/var/lib/pacman/sync

say() { printf 'vmgui: %s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# quietly TITLE CMD…: runs CMD with its output put aside; shows the end of it only if it fails.
quietly() {
    local title=$1 log
    shift
    log=$(mktemp)
    say "$title"
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    tail -n 20 "$log" >&2
    say "failed: $title (all of its output: $log)"
    return 1
}

# --- system packages ---------------------------------------------------------------------------

# distribution: prints debian, fedora, arch or unknown. What is derived from one counts
# as that, but for RHEL and its kin, which call QEMU otherwise and have a Python that is too old.
distribution() {
    local id='' like='' key value word
    while IFS='=' read -r key value; do
        value=${value//[\"\']/}
        case $key in
            ID) id=$value ;;
            ID_LIKE) like=$value ;;
        esac
    done <"$os_release"
    for word in $id $like; do
        case $word in
            rhel) break ;;
            debian | ubuntu) echo debian && return ;;
            fedora) echo fedora && return ;;
            arch) echo arch && return ;;
        esac
    done
    echo unknown
}

# packages_for FAMILY PURPOSE: prints the names, one a line.
#   window  without these vmgui can't be built or can't open its window
#   lab     disposable hypervisors: daemon, QEMU, what links them. Not what sets the daemon up for
#           the whole system (libvirt-daemon-system on Debian): the lab starts its own.
#   test    what the checks and the tests start
packages_for() {
    case $1-$2 in
        debian-window)
            printf '%s\n' gcc libc6-dev pkg-config libvirt-dev libvirt0 \
                libgl1 libegl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libgssapi-krb5-2 \
                libfontconfig1 fontconfig fonts-dejavu-core libx11-xcb1 libxcb-cursor0 \
                libxcb-glx0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 \
                libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 \
                libxcb-xinerama0 libxcb-xkb1 libwayland-client0 libwayland-cursor0 libwayland-egl1
            ;;
        debian-lab)
            printf '%s\n' libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients \
                qemu-system-x86 qemu-utils uidmap busybox-static dnsmasq-base iptables nftables \
                iproute2 util-linux openssh-client
            debian_libvirt_drivers
            ;;
        debian-test)
            printf '%s\n' xvfb xdotool wmctrl x11-utils desktop-file-utils appstream shellcheck \
                sasl2-bin libsasl2-modules
            ;;
        fedora-window)
            printf '%s\n' gcc pkgconf-pkg-config libvirt-devel libvirt-libs \
                libglvnd-glx libglvnd-egl libglvnd-opengl libxkbcommon libxkbcommon-x11 dbus-libs \
                krb5-libs fontconfig dejavu-sans-fonts libX11-xcb libxcb xcb-util-cursor \
                xcb-util-wm xcb-util-image xcb-util-keysyms xcb-util-renderutil \
                libwayland-client libwayland-cursor libwayland-egl
            ;;
        fedora-lab)
            printf '%s\n' libvirt-daemon libvirt-daemon-log libvirt-daemon-lock \
                libvirt-daemon-driver-qemu libvirt-daemon-driver-network \
                libvirt-daemon-driver-storage-core libvirt-daemon-driver-nodedev \
                libvirt-daemon-driver-interface libvirt-daemon-driver-secret \
                libvirt-daemon-driver-nwfilter libvirt-client qemu-system-x86-core qemu-img \
                shadow-utils busybox dnsmasq iptables-nft nftables iproute iproute-tc \
                util-linux openssh-clients
            ;;
        fedora-test)
            printf '%s\n' xorg-x11-server-Xvfb xdotool wmctrl xprop xwininfo desktop-file-utils \
                appstream ShellCheck
            ;;
        arch-window)
            printf '%s\n' gcc pkgconf libvirt libglvnd libxkbcommon libxkbcommon-x11 dbus krb5 \
                fontconfig ttf-dejavu libx11 libxcb xcb-util-cursor xcb-util-wm xcb-util-image \
                xcb-util-keysyms xcb-util-renderutil wayland
            ;;
        arch-lab)
            printf '%s\n' qemu-system-x86 qemu-img shadow busybox dnsmasq iptables nftables \
                iproute2 util-linux openssh
            ;;
        arch-test)
            printf '%s\n' xorg-server-xvfb xdotool wmctrl xorg-xprop xorg-xwininfo \
                desktop-file-utils appstream shellcheck
            ;;
    esac
}

# debian_libvirt_drivers: prints the packages of the drivers that an installed daemon lacks. Debian 12
# and Ubuntu 24.04 have them all in the daemon's package, later releases have a package for each.
debian_libvirt_drivers() {
    local driver
    [[ -x $libvirt_root/sbin/libvirtd ]] || return 0
    for driver in interface network nodedev nwfilter secret storage; do
        compgen -G "$libvirt_root/lib/*/libvirt/connection-driver/libvirt_driver_$driver.so" \
            >/dev/null || echo "libvirt-daemon-driver-$driver"
    done
}

# python_packages FAMILY: prints what gives a Python that find_python accepts.
python_packages() {
    case $1 in
        debian) printf '%s\n' python3-dev python3-venv ;;
        fedora) printf '%s\n' python3 python3-devel ;;
        arch) printf '%s\n' python ;;
    esac
}

# missing FAMILY PACKAGE…: prints those of the packages that are not installed.
missing() {
    local family=$1 package installed
    shift
    case $family in
        debian)
            # One call for all; it fails when a name is unknown, and still prints the others.
            installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null) || true
            for package in "$@"; do
                [[ $'\n'$installed$'\n' == *$'\n'"$package installed"$'\n'* ]] || echo "$package"
            done
            ;;
        fedora)
            # One call for all tells whether anything is missing; only then one call each.
            rpm -q --whatprovides "$@" >/dev/null 2>&1 && return
            for package in "$@"; do
                rpm -q --whatprovides "$package" >/dev/null 2>&1 || echo "$package"
            done
            ;;
        arch) pacman -T "$@" || true ;; # fails when it prints something
    esac
}

# install_command FAMILY: sets `install` to the command that a person would type before the names,
# and `unasked` to the options with which it asks nothing.
install_command() {
    case $1 in
        debian)
            install=(apt-get install --no-install-recommends)
            # Waits for the lock: a fresh machine is often updating itself.
            unasked=(-y -o DPkg::Lock::Timeout=300)
            ;;
        fedora)
            install=(dnf install --setopt=install_weak_deps=False)
            unasked=(-y)
            ;;
        arch)
            install=(pacman -S --needed)
            unasked=(--noconfirm)
            ;;
    esac
}

# install_packages FAMILY PACKAGE…: installs them, with the words in `as_root` before each command.
install_packages() {
    local family=$1
    local -a install unasked
    shift
    install_command "$family"
    case $family in
        debian)
            # Lists that are absent or old are the usual reason for a failure: fetch them and retry.
            install=(env DEBIAN_FRONTEND=noninteractive "${install[@]}" "${unasked[@]}" "$@")
            "${as_root[@]}" "${install[@]}" && return
            "${as_root[@]}" apt-get update "${unasked[@]}"
            "${as_root[@]}" "${install[@]}"
            ;;
        fedora) "${as_root[@]}" "${install[@]}" "${unasked[@]}" "$@" ;;
        arch)
            # Newer lists without the upgrade that belongs to them would break an Arch system, so
            # they are fetched only where there are none yet.
            if ! compgen -G "$pacman_lists/*.db" >/dev/null; then
                "${as_root[@]}" pacman -Sy "${unasked[@]}"
            fi
            "${as_root[@]}" "${install[@]}" "${unasked[@]}" "$@"
            ;;
    esac
}

# may_install YES PACKAGE…: sets `as_root`; fails, having said why, when nothing may be installed.
may_install() {
    local yes=$1 answer
    shift
    as_root=()
    [[ $(id -u) -eq 0 ]] && return
    if ! have sudo; then
        say "there is no sudo here, so nothing can be installed"
        return 1
    fi
    as_root=(sudo)
    if [[ ! -t 0 || ! -t 2 ]]; then
        # Nobody can type an answer or a password.
        as_root=(sudo -n)
        if [[ $yes != yes ]]; then
            say "this is not a terminal, so nobody can be asked (-y goes ahead without asking)"
            return 1
        fi
    elif [[ $yes != yes ]]; then
        say "to be installed with sudo: $*"
        read -r -p 'vmgui: install these now? [Y/n] ' answer || answer=n
        [[ $answer == [nN]* ]] && return 1
    fi
    if ! "${as_root[@]}" -v; then
        say "sudo refused"
        return 1
    fi
}

# packages_absent FAMILY PURPOSE…: prints what is not installed of what the purposes need, and of a
# Python where none will do.
packages_absent() {
    local family=$1 purpose
    local -a wanted=()
    shift
    for purpose in "$@"; do
        mapfile -t -O "${#wanted[@]}" wanted < <(packages_for "$family" "$purpose")
    done
    if ! venv_is_ready run && ! find_python; then
        mapfile -t -O "${#wanted[@]}" wanted < <(python_packages "$family")
    fi
    missing "$family" "${wanted[@]}"
}

# ensure_packages YES PURPOSE…: installs what is missing for the purposes. When it can't: what only
# the lab needs is not worth ending for (vmgui says itself why there is no lab), so that is told; for
# anything else it ends with the command to type.
ensure_packages() {
    local yes=$1 family package lab essential=no
    local -a absent install unasked as_root
    shift
    family=$(distribution)
    if [[ $family == unknown ]]; then
        say "packages of this distribution are not known; packaging/setup.sh has Debian's names"
        return
    fi
    mapfile -t absent < <(packages_absent "$family" "$@")
    [[ ${#absent[@]} -eq 0 ]] && return

    if may_install "$yes" "${absent[@]}"; then
        # Twice: only a daemon that is there tells which of its drivers are packed by themselves.
        for _ in first second; do
            quietly "installing ${#absent[@]} system packages" \
                install_packages "$family" "${absent[@]}" || break
            mapfile -t absent < <(packages_absent "$family" "$@")
            [[ ${#absent[@]} -eq 0 ]] && return
        done
    fi
    lab=$'\n'$(packages_for "$family" lab)$'\n'
    for package in "${absent[@]}"; do
        [[ $lab == *$'\n'"$package"$'\n'* ]] || essential=yes
    done
    install_command "$family"
    if [[ $essential == no && " $* " != *' test '* ]]; then
        say "going on without a lab; as root, this gets what it needs: ${install[*]} ${absent[*]}"
        return
    fi
    die "first do this as root, then run this again: ${install[*]} ${absent[*]}"
}

# --- Python ------------------------------------------------------------------------------------

# find_python: sets `python` to a Python >= 3.11 that can make an environment and build libvirt's
# binding, which is published as source only. No release candidate (Ubuntu 22.04 has one of 3.11):
# the markers of the lock don't hold for it. A pyenv shim of a version that is not chosen fails here
# like any other Python that doesn't work.
find_python() {
    local candidate
    for candidate in python3.13 python3.12 python3.11 python3 "$system_python"; do
        if have "$candidate" && python=$("$candidate" -I -c '
import ensurepip, pathlib, sys, sysconfig, venv
header = pathlib.Path(sysconfig.get_path("include"), "Python.h")
if sys.version_info < (3, 11) or sys.version_info[3] != "final" or not header.is_file():
    sys.exit(1)
print(sys.executable)' 2>/dev/null); then
            return 0
        fi
    done
    return 1
}

# --- .venv -------------------------------------------------------------------------------------

# A role is `run` or `test`. Its stamp is a hash of its lock files and of the Python in .venv. It is
# written last, so an installation that was cut short has none and is made again from nothing: half
# a package can look whole to pip.

stamp_of() { # stamp_of ROLE; fails where .venv has no working Python
    local version
    local -a locks=("$checkout"/packaging/requirements{-build,}.txt)
    if [[ $1 == test ]]; then
        locks+=("$checkout/packaging/requirements-test.txt")
    fi
    version=$("$venv/bin/python" -I -S -c 'import sys; print(sys.version)' 2>/dev/null) || return 1
    { cat "${locks[@]}" && echo "$version"; } | sha256sum | cut -d' ' -f1
}

venv_is_ready() { # venv_is_ready ROLE
    local stamp
    [[ -f $venv/stamp-$1 ]] && stamp=$(stamp_of "$1") && [[ $stamp == "$(<"$venv/stamp-$1")" ]]
}

# ensure_venv ROLE: makes .venv, or completes it. A second run that starts meanwhile waits.
ensure_venv() {
    local lock_fd status=0
    venv_is_ready "$1" && return
    have flock || die "flock is missing (package util-linux)"
    exec {lock_fd}<"$checkout/packaging/setup.sh"
    flock "$lock_fd"
    venv_is_ready "$1" || fill_venv "$1" || status=$?
    exec {lock_fd}<&-
    return "$status"
}

fill_venv() { # fill_venv ROLE
    local site
    if venv_is_ready run; then
        rm "$venv"/stamp-*
    else
        find_python || die "no Python from 3.11 on with venv and its header files was found"
        quietly "making .venv with $("$python" -V)" "$python" -m venv --clear "$venv" || return 1
        quietly "installing the Python packages" install_runtime || return 1
    fi
    if [[ $1 == test ]]; then
        quietly "installing the test tools" pip_install requirements-test.txt || return 1
    fi
    quietly "checking that nothing is left out" "$venv/bin/python" -m pip check || return 1

    # The checkout is put on the path of this environment's Python by a .pth file: unlike PYTHONPATH
    # it isn't inherited by other programs that vmgui starts, and unlike an editable installation it
    # needs no build tool. It is relative, so the checkout can be moved.
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return 1
    realpath --relative-to="$site" "$checkout" >"$site/vmgui-checkout.pth"
    stamp_of run >"$venv/stamp-run"
    if [[ $1 == test ]]; then
        stamp_of test >"$venv/stamp-test"
    fi
}

pip_install() { # pip_install LOCK PIP_ARGS…
    local lock=$1
    shift
    # The lock is complete. Looking at dependencies again, old pips stumble over names with a dot.
    "$venv/bin/python" -m pip install --no-input --disable-pip-version-check --require-hashes \
        --no-deps -r "$checkout/packaging/$lock" "$@"
}

install_runtime() {
    # Wheels only, but for libvirt's binding, which has none. It is built without isolation, so by
    # the tools of the lock instead of the newest ones.
    pip_install requirements-build.txt --only-binary :all: &&
        pip_install requirements.txt --only-binary :all: --no-binary libvirt-python \
            --no-build-isolation
}
