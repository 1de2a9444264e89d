#!/bin/busybox sh
# First process of the virtual machine: mounts, runs the tests named in /tests, powers off.
# The tests write to the second serial port, so that kernel messages (first port) never mix with results. The kernel's
# command line names it: results=ttyS1
export PATH=/usr/sbin:/usr/bin:/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
# NB: tracefs, debugfs and bpffs stay unmounted: the product has to cope with that.
ulimit -c 0
ip link set lo up
hostname vm
modprobe veth
/usr/sbin/ip link add eth0 type veth peer name eth0-peer
stty -F "/dev/$results" raw -echo
cd /project
echo "vm: $(uname -r) up after $(cut -d ' ' -f 1 /proc/uptime) s"
# shellcheck disable=SC2046
node --test --test-isolation=none --test-reporter=tap $(cat /tests) >"/dev/$results" 2>&1 </dev/null
echo "vm: tests ended with status $? after $(cut -d ' ' -f 1 /proc/uptime) s"
poweroff -f
