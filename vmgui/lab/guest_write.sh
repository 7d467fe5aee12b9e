#!/bin/busybox sh
# Writes to memory at a set speed. Waits, without a cycle, for a line "ID MIB_S OVER_MIB" in
# /var/run/workload, and tells in /var/run/workload-is, renewed each second:
# "ID filling", "ID refused FREE_MIB", or "ID writing MIB_S OVER_MIB REACHED_KIB_S".
# A tmpfs file is copied within itself, a quarter of a second's worth at a time: so the pages are
# never zero, and change. The shell's own read is the clock: it starts no process.
export PATH=/bin
area=/work/area ticks=4 blocks=64
mkfifo /var/run/workload 2>/dev/null
exec 9<>/var/run/workload
mkdir -p /work

tell() {
    echo "$id $*" >/var/run/workload-is.new
    mv /var/run/workload-is.new /var/run/workload-is
}

# Hundredths of a second since boot.
now() {
    read -r up _ </proc/uptime
    now=${up%.*}${up#*.}
}

take() {
    read -r id rate over _ <<END
$order
END
    umount /work 2>/dev/null
    if [ "$rate" -gt 0 ]; then
        while read -r key amount _; do
            [ "$key" = MemAvailable: ] && free=$((amount / 1024))
        done </proc/meminfo
        if [ $((over + 8)) -gt "$free" ]; then
            rate=0
            tell refused "$free"
            return
        fi
        tell filling
        mount -t tmpfs -o size=$((over + 1))m tmpfs /work
        dd if=/dev/urandom of=$area bs=64k count=$((over * 16)) 2>/dev/null
    fi
    size=$((over * blocks)) at=0 shift=$((over * blocks / 3)) written=0
    now
    due=$now since=$now
    tell writing "$rate" "$over" 0
}

step() {
    left=$((rate * blocks / ticks))
    while [ "$left" -gt 0 ]; do
        from=$(((at + shift) % size)) count=$left
        [ $((at + count)) -gt "$size" ] && count=$((size - at))
        [ $((from + count)) -gt "$size" ] && count=$((size - from))
        dd if=$area of=$area bs=16k count=$count skip=$from seek=$at conv=notrunc 2>/dev/null
        at=$((at + count)) left=$((left - count)) written=$((written + count))
        [ $at -ge "$size" ] && at=0 shift=$(((shift * 3 + 7) % size))
    done
    now
    if [ $((now - since)) -ge 100 ]; then
        tell writing "$rate" "$over" $((written * 1600 / (now - since)))
        written=0 since=$now
    fi
    # What it can't keep up with isn't made up for.
    due=$((due + 100 / ticks))
    [ $due -le "$now" ] && due=$((now + 1))
}

rate=0
while :; do
    if [ "$rate" -gt 0 ]; then
        step
        pause=$((due - now))
        [ $pause -lt 10 ] && pause=0$pause
        read -r -t "0.$pause" order <&9 || order=
    else
        read -r order <&9
    fi
    [ "$order" ] && take
done
