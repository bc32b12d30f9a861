#!/usr/bin/env bash
# Starts Ceph's S3 gateway on one machine: a monitor, one OSD that keeps all in memory, the gateway. It writes
# the process ids to FOLDER/pids, and prints the endpoint when it answers.
#
#   ceph-up.sh FOLDER PORT ACCESS_KEY SECRET_KEY
#
# Needs the packages radosgw, ceph-mon, ceph-osd and ceph-common. Everything listens on loopback alone.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
port=$2 access=$3 secret=$4
mkdir -p "$folder"/{mon,osd,rgw,run,log}
: >"$folder/pids"
: >"$folder/keyring"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# Waits until a command succeeds, a third of a second between tries; fails after so many.
until_ok() {
    local tries=$1
    shift
    for _ in $(seq "$tries"); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.3
    done
    return 1
}

mon=$(free_port)
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$folder/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = v1:127.0.0.1:$mon
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
osd objectstore = memstore
osd numa auto affinity = false
memstore device bytes = 4294967296
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail crit = 1
mon data avail warn = 2
run dir = $folder/run
admin socket = $folder/run/\$name.asok
log file = $folder/log/\$name.log
mon data = $folder/mon
osd data = $folder/osd
keyring = $folder/keyring
[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw enable usage log = false
rgw enable ops log = false
CONF
export CEPH_CONF=$folder/ceph.conf

monmaptool --create --addv a "v1:127.0.0.1:$mon" --fsid "$fsid" --clobber "$folder/monmap" >/dev/null
ceph-mon -i a --mkfs --monmap "$folder/monmap"
ceph-mon -i a -f --pid-file= >"$folder/log/mon.out" 2>&1 &
echo $! >>"$folder/pids"
until_ok 60 timeout 5 ceph -s

osd=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$osd" 0 >/dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$osd" >/dev/null 2>&1
up() { timeout 5 ceph osd stat 2>/dev/null | grep -q '1 up'; }
# An OSD that asks before it has the monitor's map ends at once; it is started again.
for _ in 1 2 3 4 5; do
    ceph-osd -i 0 -f --pid-file= >"$folder/log/osd.out" 2>&1 &
    pid=$!
    while kill -0 "$pid" 2>/dev/null && ! up; do sleep 0.3; done
    if up; then break; fi
done
up
echo "$pid" >>"$folder/pids"

timeout 60 radosgw-admin user create --uid=tests --display-name=tests \
    "--access-key=$access" "--secret-key=$secret" >/dev/null 2>"$folder/log/admin.out"
radosgw -n client.rgw -f --pid-file= >"$folder/log/rgw.out" 2>&1 &
echo $! >>"$folder/pids"
until_ok 120 curl -sf -o /dev/null "http://127.0.0.1:$port/"
echo "http://127.0.0.1:$port"
