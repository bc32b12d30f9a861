#!/usr/bin/env bash
# The steps of action.yml: `steps.sh source|install|audit|comment|verdict`. What they work on comes by the
# environment alone, so that no text of a pull request is ever read as a script.
set -euo pipefail

# Whatever a policy or a system says may stand in the log, and must not be taken for a command to the runner.
quietly() {
    local word code=0
    word="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    printf '::stop-commands::%s\n' "$word"
    "$@" 2>&1 || code=$?
    printf '\n::%s::\n' "$word"
    return "$code"
}

lastgood() { "$LASTGOOD_ROOT/bin/lastgood" "$@"; }

# Says what is built, so that a cache of other sources, or for another machine, is never taken for it.
source_step() {
    local digest
    digest="$(
        cd "$GITHUB_ACTION_PATH"
        find Cargo.toml Cargo.lock src templates -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32
    )"
    printf 'key=lastgood-%s-%s-%s\nroot=%s/lastgood-%s\n' \
        "$RUNNER_OS" "$RUNNER_ARCH" "$digest" "$RUNNER_TEMP" "$digest" >>"$GITHUB_OUTPUT"
}

install_step() {
    if [ -x "$LASTGOOD_ROOT/bin/lastgood" ]; then
        lastgood --version
        return
    fi
    if ! command -v cargo >/dev/null; then
        echo '::error title=lastgood::This runner has no Rust. Install Rust 1.89 or later in an earlier step.'
        return 1
    fi
    cargo install --locked --path "$GITHUB_ACTION_PATH" --root "$LASTGOOD_ROOT"
}

audit_step() {
    local folder="$RUNNER_TEMP/lastgood-report" args=() code=0
    if [ -n "$INPUT_ARGS" ]; then
        mapfile -t args < <(printf '%s\n' "$INPUT_ARGS" | grep -v '^[[:space:]]*$')
    fi
    rm -rf "$folder"
    quietly lastgood audit --quiet --out "$folder" --fail-on "$INPUT_FAIL_ON" "${args[@]}" -- "$INPUT_POLICY" || code=$?
    case "$code" in
    0 | 10 | 11) printf 'exit-code=%s\nfolder=%s\n' "$code" "$folder" >>"$GITHUB_OUTPUT" ;;
    *) return "$code" ;;
    esac
}

# Brings the policy of the base of the pull request into a file; fails where there is none that can be read.
base_policy() {
    local file="$1" header="http.$GITHUB_SERVER_URL/.extraheader"
    (
        if [ -n "$LASTGOOD_COMMENT_TOKEN" ]; then
            # By the environment, because every process may read the arguments of another. The empty value
            # takes back what a checkout may have left: two such headers are refused.
            basic="$(printf 'x-access-token:%s' "$LASTGOOD_COMMENT_TOKEN" | base64 | tr -d '\n')"
            export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0="$header" GIT_CONFIG_VALUE_0=''
            export GIT_CONFIG_KEY_1="$header" GIT_CONFIG_VALUE_1="AUTHORIZATION: basic $basic"
        fi
        git fetch --quiet --no-tags --depth=1 origin "$PR_BASE_SHA"
    ) || return 1
    git show "$PR_BASE_SHA:./$INPUT_POLICY" >"$file" 2>/dev/null || return 1
    quietly lastgood check "$file"
}

# The text goes to the summary, and need not stand in the log too.
write_comment() { lastgood comment --quiet "$@" >/dev/null; }

comment_step() {
    local file="$LASTGOOD_FOLDER/comment.md" as_of shared base='' code=0
    as_of="$(sed -n 's/^ *"as_of": *"\([^"]*\)".*/\1/p' "$LASTGOOD_FOLDER/report.json" | head -n 1)"
    shared=(--evidence "$LASTGOOD_FOLDER/evidence.jsonl" --as-of "$as_of" --fail-on never)
    if [ -z "$PR_NUMBER" ]; then
        lastgood evaluate "${shared[@]}" --format comment -- "$INPUT_POLICY" >"$file"
        cat "$file" >>"$GITHUB_STEP_SUMMARY"
        return
    fi
    local args=(--repo "$GITHUB_REPOSITORY" --pr "$PR_NUMBER" --api-url "$GITHUB_API_URL" --token-env LASTGOOD_COMMENT_TOKEN)
    args+=(--output "$file" --report-url "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID")
    if [ -n "$INPUT_KEY" ]; then args+=(--key "$INPUT_KEY"); fi
    case "$INPUT_BASE" in
    none) ;;
    auto)
        # Beside the policy, so that the comment names it as people know it.
        base="$RUNNER_TEMP/base/$(basename "$INPUT_POLICY")"
        mkdir -p "$RUNNER_TEMP/base"
        if base_policy "$base"; then
            args+=(--base "$base")
        else
            echo '::notice title=lastgood::The base of the pull request has no policy at that path that can be read, so what the change does is not shown.'
        fi
        ;;
    *) args+=(--base "$INPUT_BASE") ;;
    esac
    if [ "$INPUT_COMMENT" != true ]; then
        args+=(--dry-run)
    elif [ "$PR_HEAD_REPOSITORY" != "$GITHUB_REPOSITORY" ]; then
        echo '::notice title=lastgood::A pull request from a fork has a token that can only read, so the comment stands in the summary of this job instead.'
        args+=(--dry-run)
    fi
    quietly write_comment "${shared[@]}" "${args[@]}" -- "$INPUT_POLICY" || code=$?
    if [ -s "$file" ]; then cat "$file" >>"$GITHUB_STEP_SUMMARY"; fi
    return "$code"
}

verdict_step() {
    case "$LASTGOOD_EXIT_CODE" in
    10) echo '::error title=lastgood::There is at least one gap; see the summary of this job.' ;;
    11) echo '::error title=lastgood::There is no gap, but of something nobody can tell; see the summary of this job.' ;;
    esac
    return "$LASTGOOD_EXIT_CODE"
}

"${1}_step"
