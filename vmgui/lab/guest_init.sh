#!/bin/busybox sh
# Start of a lab's guest, run by process 1 (busybox init). Its name and its role come with the
# kernel's command line; the kernel's modules lie in /modules in the order of /modules/order.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /tmp /var/run
mount -t devpts devpts /dev/pts

name=guest role=web trial=
for word in $(cat /proc/cmdline); do
    case $word in
    vmgui.name=*) name=${word#*=} ;;
    vmgui.role=*) role=${word#*=} ;;
    vmgui.trial) trial=1 ;;
    esac
done
hostname "$name"
echo "$role" >/var/run/role

if [ "$trial" ]; then
    echo "vmgui-guest ready trial" >/dev/ttyS0
    poweroff -f
fi

while read -r module; do
    insmod "/modules/$module" 2>/dev/null
done </modules/order

acpid -d -l /dev/null >/dev/null 2>&1 &
ip link set lo up
address=none
if ip link set eth0 up 2>/dev/null; then
    udhcpc -i eth0 -x "hostname:$name" -s /etc/lease -t 10 -T 1 -A 5 -b >/dev/null 2>&1
    address=$(cat /var/run/address 2>/dev/null || echo none)
fi

clear >/dev/tty1
for terminal in /dev/tty1 /dev/ttyS0; do
    echo "vmgui-guest ready $name $address" >$terminal
done
