#!/bin/busybox sh
# A little work now and then, so that the figures of a guest at rest move: a wave of bursts,
# by role more of processor, of disk or of network. A few per cent of one emulated processor.
# It rests while there is a file /var/run/rest.
export PATH=/bin
read -r role </var/run/role

compute() {
    i=0
    while [ $i -lt "$1" ]; do i=$((i + 1)); done
}

store() {
    [ -b /dev/vda ] || return
    dd if=/dev/urandom of=/dev/vda bs=16k count="$1" conv=fsync 2>/dev/null
    echo 1 >/proc/sys/vm/drop_caches
    dd if=/dev/vda of=/dev/null bs=16k count="$1" 2>/dev/null
}

talk() {
    [ -f /var/run/router ] || return
    read -r router </var/run/router
    ping -q -c "$1" -i 0.2 -s 1400 "$router" >/dev/null 2>&1
}

while :; do
    for height in 1 2 4 6 8 6 4 2; do
        while [ -e /var/run/rest ]; do sleep 3; done
        case $role in
        web | mail) talk $((height * 2)); compute $((height * 300)) ;;
        db | files) store $((height * 4)); compute $((height * 300)) ;;
        *) compute $((height * 1000)) ;;
        esac
        sleep 3
    done
done
