#!/bin/busybox sh
# Called by udhcpc with what to do and, in the environment, what the lease says.
export PATH=/bin
case $1 in
deconfig)
    ip address flush dev "$interface"
    ;;
bound | renew)
    ip address replace "$ip/${mask:-24}" dev "$interface"
    [ "$router" ] && ip route replace default via "${router%% *}" dev "$interface"
    echo "$router" >/var/run/router
    echo "$ip" >/var/run/address
    ;;
esac
