#!/usr/bin/env bash
# Ends the servers that up.sh started in FOLDER. What they hold is of no use to anybody: they are not asked.
folder=$1
cat "$folder/moto.pid" "$folder/ceph/pids" 2>/dev/null | while read -r pid; do
    kill -KILL "$pid" 2>/dev/null
done
rm -rf "$folder/ceph" "$folder/moto.pid"
exit 0
