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
    # Images of one system differ in the C library that a program needs.
    printf 'key=lastgood-%s-%s-%s-%s\nroot=%s/lastgood-%s\n' \
        "$RUNNER_OS" "$RUNNER_ARCH" "${ImageOS:-own}" "$digest" "$RUNNER_TEMP" "$digest" >>"$GITHUB_OUTPUT"
}

install_step() {
    # What a cache brought may not run here, as on a runner of one's own that was renewed.
    if [ -x "$LASTGOOD_ROOT/bin/lastgood" ] && lastgood --version; then
        return
    fi
    if ! command -v cargo >/dev/null; then
        echo '::error title=lastgood::This runner has no Rust. Install Rust 1.89 or later in an earlier step.'
        return 1
    fi
    cargo install --locked --force --path "$GITHUB_ACTION_PATH" --root "$LASTGOOD_ROOT"
}

# Reads the arguments of the audit into `args`.
read_args() {
    args=()
    if [ -n "$INPUT_ARGS" ]; then
        mapfile -t args < <(printf '%s\n' "$INPUT_ARGS" | grep -v '^[[:space:]]*$')
    fi
}

audit_step() {
    local folder="$RUNNER_TEMP/lastgood-report" args code=0
    read_args
    rm -rf "$folder"
    quietly lastgood audit --quiet --out "$folder" --fail-on "$INPUT_FAIL_ON" "${args[@]}" -- "$INPUT_POLICY" || code=$?
    case "$code" in
    0 | 10 | 11) printf 'exit-code=%s\nfolder=%s\n' "$code" "$folder" >>"$GITHUB_OUTPUT" ;;
    *)
        printf 'failed=%s\n' "$code" >>"$GITHUB_OUTPUT"
        return "$code"
        ;;
    esac
}

# Says what the pull request is compared with: of a merge that was checked out the first parent, into which it
# is merged; else where its branch began, if so much of the history is there.
base_commit() {
    local parents
    mapfile -t parents < <(git cat-file commit HEAD | sed -n '/^$/q; s/^parent //p')
    if [ "${#parents[@]}" = 2 ] && [ "${parents[1]}" = "$PR_HEAD_SHA" ]; then
        printf '%s\n' "${parents[0]}"
    else
        git merge-base "$PR_BASE_SHA" HEAD 2>/dev/null || printf '%s\n' "$PR_BASE_SHA"
    fi
}

fetch_commit() (
    header="http.$GITHUB_SERVER_URL/.extraheader"
    if [ -n "$LASTGOOD_COMMENT_TOKEN" ]; then
        # By the environment, because every process may read the arguments of another. The empty value
        # takes back what a checkout may have left: two such headers are refused.
        basic="$(printf 'x-access-token:%s' "$LASTGOOD_COMMENT_TOKEN" | base64 | tr -d '\n')"
        export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0="$header" GIT_CONFIG_VALUE_0=''
        export GIT_CONFIG_KEY_1="$header" GIT_CONFIG_VALUE_1="AUTHORIZATION: basic $basic"
    fi
    git cat-file -e "$1^{commit}" 2>/dev/null || git fetch --quiet --no-tags --depth=1 origin "$1"
)

# Brings the policy of a commit into a file, and the names of the files that differ from that commit into
# another; says in `why` what is in the way.
base_policy() {
    local commit="$1" file="$2" changed="$3"
    if ! fetch_commit "$commit"; then
        why="the base of the pull request, $commit, could not be fetched"
    elif ! git show "$commit:./$INPUT_POLICY" >"$file" 2>/dev/null; then
        why="the base of the pull request has no policy $INPUT_POLICY, so it is new, or was called otherwise"
    elif ! quietly lastgood check "$file"; then
        why="the policy of the base of the pull request cannot be read by this lastgood; the log of the run says why"
    else
        git -c core.quotePath=false diff --name-only "$commit" >"$changed"
        return 0
    fi
    return 1
}

# The text goes to the summary, and need not stand in the log too.
write_comment() { lastgood comment --quiet "$@" >/dev/null; }

comment_step() {
    local folder="${LASTGOOD_FOLDER:-$RUNNER_TEMP}" file what=() args why code=0
    file="$folder/comment.md"
    if [ -n "$LASTGOOD_FOLDER" ]; then
        audited
    else
        case "$LASTGOOD_FAILED" in
        '') return ;;
        3) why='the policy has faults; the log of the run names them' ;;
        *) why='the audit failed; the log of the run says why' ;;
        esac
        what=(--nothing-judged "$why")
    fi
    if [ -z "$PR_NUMBER" ]; then
        if [ -n "$LASTGOOD_FOLDER" ]; then
            lastgood evaluate "${what[@]}" --format comment -- "$INPUT_POLICY" >"$file"
            cat "$file" >>"$GITHUB_STEP_SUMMARY"
        else
            printf '## Nothing was judged\n\nNothing was judged: %s.\n' "$why" >>"$GITHUB_STEP_SUMMARY"
        fi
        return
    fi
    args=(--repo "$GITHUB_REPOSITORY" --pr "$PR_NUMBER" --api-url "$GITHUB_API_URL" --token-env LASTGOOD_COMMENT_TOKEN)
    args+=(--output "$file" --report-url "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID")
    if [ -n "$INPUT_KEY" ]; then args+=(--key "$INPUT_KEY"); fi
    if [ -n "$PR_HEAD_SHA" ]; then args+=(--commit "$PR_HEAD_SHA"); fi
    if [ -n "$LASTGOOD_FOLDER" ]; then compared; fi
    if [ "$INPUT_COMMENT" != true ]; then
        args+=(--dry-run)
    elif [ "$PR_HEAD_REPOSITORY" != "$GITHUB_REPOSITORY" ]; then
        echo '::notice title=lastgood::A pull request from a fork has a token that can only read, so the comment stands in the summary of this job instead.'
        args+=(--dry-run)
    elif [ "${GITHUB_ACTOR:-}" = 'dependabot[bot]' ]; then
        echo '::notice title=lastgood::A pull request of Dependabot has a token that can only read, so the comment stands in the summary of this job instead.'
        args+=(--dry-run)
    fi
    rm -f "$file"
    quietly write_comment "${what[@]}" "${args[@]}" -- "$INPUT_POLICY" || code=$?
    if [ -s "$file" ]; then cat "$file" >>"$GITHUB_STEP_SUMMARY"; fi
    case "$code" in
    0 | 10 | 11) ;;
    *)
        echo '::error title=lastgood::The comment was not written; the log says why. What it says stands in the summary of this job.'
        return "$code"
        ;;
    esac
}

# Adds to `what` what the comment is judged by: what the audit saw, at the time and over the period of the
# audit, and the assets that it was told to look at.
audited() {
    local report="$LASTGOOD_FOLDER/report.json" at
    field() { sed -n "s/^ *\"$1\": *\"\([^\"]*\)\".*/\1/p" "$report" | head -n 1; }
    what=(--evidence "$LASTGOOD_FOLDER/evidence.jsonl" --fail-on never)
    what+=(--as-of "$(field as_of)" --period "$(field from)..$(field to)")
    read_args
    for at in "${!args[@]}"; do
        case "${args[at]}" in
        --only) what+=(--only "${args[at + 1]}") ;;
        --only=*) what+=("${args[at]}") ;;
        esac
    done
}

# Adds to `args` what the pull request is compared with, or why with nothing.
compared() {
    local base changed="$RUNNER_TEMP/base/changed"
    case "$INPUT_BASE" in
    none) args+=(--not-compared 'the workflow says that the base is not to be looked at') ;;
    auto)
        # Beside the policy, so that the comment names it as people know it.
        base="$RUNNER_TEMP/base/policy/$(basename "$INPUT_POLICY")"
        mkdir -p "$RUNNER_TEMP/base/policy"
        if base_policy "$(base_commit)" "$base" "$changed"; then
            args+=(--base "$base" --changed "$changed")
        else
            printf '::notice title=lastgood::What the change does is not shown; the comment says why.\n'
            args+=(--not-compared "$why")
        fi
        ;;
    *) args+=(--base "$INPUT_BASE") ;;
    esac
}

verdict_step() {
    case "$LASTGOOD_EXIT_CODE" in
    10) echo '::error title=lastgood::There is at least one gap; see the summary of this job.' ;;
    11) echo '::error title=lastgood::There is no gap, but of something nobody can tell; see the summary of this job.' ;;
    esac
    return "$LASTGOOD_EXIT_CODE"
}

"${1}_step"
