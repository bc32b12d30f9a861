#!/usr/bin/env bash
# Starts real S3 servers for the tests: moto from PyPI and Ceph's gateway from Debian, each where it can be had.
#
#   up.sh FOLDER      writes FOLDER/servers, what LASTGOOD_S3_SERVERS has to be, and FOLDER/skipped, a line for
#                     each that there is not; then FOLDER/done
#   down.sh FOLDER    ends them
#
# A set S3_SERVERS_OFF keeps it from starting any.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
access=testkey secret=testsecret0123456789
rm -rf "$folder"/{done,servers,skipped,moto.endpoint,ceph.endpoint,moto.pid,ceph}
: >"$folder/skipped"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
skipped() { printf '%s\n' "$1" >>"$folder/skipped"; }

moto() {
    local venv=$folder/venv port url keys secret
    if [ ! -x "$venv/bin/moto_server" ]; then
        python3 -m venv "$venv" &&
            "$venv/bin/python" -m pip install -q --disable-pip-version-check --only-binary :all: \
                -r "$here/moto.txt" || return 1
    fi
    port=$(free_port)
    url=http://127.0.0.1:$port
    # Three calls make a user and its key; from then on every call is checked.
    INITIAL_NO_AUTH_ACTION_COUNT=3 "$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$folder/moto.log" 2>&1 &
    echo $! >"$folder/moto.pid"
    for _ in $(seq 100); do
        if curl -sf -o /dev/null "$url/moto-api/"; then
            keys=$("$venv/bin/python" "$here/moto_key.py" "$url" 2>>"$folder/moto.log") || return 1
            # A secret may hold signs that a URL has to encode.
            secret=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "${keys#* }")
            echo "moto=http://${keys% *}:$secret@127.0.0.1:$port" >"$folder/moto.endpoint"
            return 0
        fi
        sleep 0.2
    done
    return 1
}

ceph() {
    local port url
    if ! command -v radosgw >/dev/null; then
        apt-get install -y -q --no-install-recommends radosgw ceph-mon ceph-osd ceph-common >"$folder/apt.log" 2>&1 ||
            { apt-get update -q >/dev/null 2>&1 &&
                apt-get install -y -q --no-install-recommends radosgw ceph-mon ceph-osd ceph-common \
                    >"$folder/apt.log" 2>&1; } || return 1
    fi
    port=$(free_port)
    url=$(timeout 180 bash "$here/ceph-up.sh" "$folder/ceph" "$port" "$access" "$secret" 2>"$folder/ceph.log") || return 1
    echo "ceph=${url/http:\/\//http:\/\/$access:$secret@}" >"$folder/ceph.endpoint"
}

if [ -n "${S3_SERVERS_OFF:-}" ]; then
    skipped 'S3 servers: S3_SERVERS_OFF is set'
else
    moto & moto_job=$!
    ceph & ceph_job=$!
    wait "$moto_job" || skipped "moto could not be started (see $folder/moto.log); its tests do not run"
    wait "$ceph_job" || skipped "Ceph's gateway could not be started (see $folder/ceph.log); its tests do not run"
fi
cat "$folder"/*.endpoint 2>/dev/null | tr '\n' ' ' >"$folder/servers"
touch "$folder/done"
