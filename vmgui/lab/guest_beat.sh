#!/bin/busybox sh
# The guest's heartbeat: while it is asked for, "NAME COUNT" on the second serial port, twenty
# times a second. Waits, without a cycle, for a line in /var/run/heartbeat: "start" begins anew,
# "stop" ends it, with a count of 0. The gaps are measured outside: a guest that stands still has no clock that goes.
export PATH=/bin
name=$(hostname)
mkfifo /var/run/heartbeat 2>/dev/null
exec 9<>/var/run/heartbeat
stty -F /dev/ttyS1 raw -echo 2>/dev/null
beating=''
while :; do
    if [ "$beating" ]; then
        count=$((count + 1))
        echo "$name $count" >/dev/ttyS1
        read -r -t 0.05 order <&9 || order=
    else
        read -r order <&9
    fi
    case $order in
    start) beating=1 count=0 ;;
    stop)
        beating=''
        echo "$name 0" >/dev/ttyS1
        ;;
    esac
done
