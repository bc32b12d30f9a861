#!/usr/bin/env bash
# Ends the servers that up.sh started in FOLDER, the last one first.
folder=$1
cat "$folder/moto.pid" "$folder/ceph/pids" 2>/dev/null | tac | while read -r pid; do
    kill "$pid" 2>/dev/null
done
rm -rf "$folder/ceph"
exit 0
