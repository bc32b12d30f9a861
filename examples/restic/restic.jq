# Turns the answer of `restic snapshots --json` (restic 0.17 or later) into one line of evidence:
#
#   restic snapshots --json --host files --path /srv/files > snapshots.json
#   jq -c --arg observed_at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" -f restic.jq snapshots.json > evidence.jsonl
#
# Where `restic forget` thins out old snapshots, add `--arg kept_from TIME`: since when none was removed.

# "2026-05-03T02:30:09.512908846+02:00" as "2026-05-03T00:30:09Z". Fractions of a second are dropped.
def utc:
  . as $text
  | (capture("^(?<local>[0-9-]{10}T[0-9:]{8})([.][0-9]+)?(Z|(?<sign>[+-])(?<hours>[0-9]{2}):(?<minutes>[0-9]{2}))$")
      // error("not a time: \($text)"))
  | ((.hours // "0" | tonumber) * 3600 + (.minutes // "0" | tonumber) * 60) as $offset
  | (.local + "Z" | fromdateiso8601) - (if .sign == "-" then -$offset else $offset end)
  | todateiso8601;

{
  schema: "lastgood/evidence/1",
  observed_at: $observed_at,
  source: { request: "restic snapshots --json" },
  fact: {
    "recovery-points": {
      # restic listed every snapshot that can be restored today, and it listed them itself.
      complete: true,
      grade: "observed",
      kept_from: $ARGS.named.kept_from,
      points: [
        sort_by(.time | utc)[]
        | {
            # The data is at most as new as the start of the backup; it is usable from its end on.
            captured_at: (.summary.backup_start // .time | utc),
            available_at: (.summary.backup_end // null | if . then utc else null end),
            bytes: .summary.total_bytes_processed,
            items: .summary.total_files_processed,
            location: ("snapshot " + .short_id)
          }
        # Snapshots of restic before 0.17 have no summary. What is not known is left out.
        | with_entries(select(.value != null))
      ]
    }
    | with_entries(select(.value != null))
  }
}
