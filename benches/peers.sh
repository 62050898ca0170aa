#!/usr/bin/env bash
# Measures sfs beside tar + zstd, git, restic and borg: one corpus, one run, one table.
#
#   benches/peers.sh [--bytes 1GB] [--seed 1] [--only ROW]... [--quick]
#
# Rows: import gc forked append noop list log fork restore resume. A row that needs the store of another makes it.
# --quick takes a tenth of the big sessions, to try the script. SFS and GENERATE name ready-made programs, TMPDIR
# the place for some 6 times the corpus, LIMIT the seconds that one command may take (900).
# CPU seconds and ratios can be compared between machines; wall time only on a quiet one.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bytes=1GB seed=1 big=10 runs=21 limit=${LIMIT:-900} only=()
rows=(import gc forked append noop list log fork restore resume)

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit "$1"
}

while (($#)); do
    case $1 in
        --bytes) bytes=${2:?--bytes needs a size}; shift 2 ;;
        --seed) seed=${2:?--seed needs a number}; shift 2 ;;
        --only) only+=("${2:?--only needs a row}"); shift 2 ;;
        --quick) big=1; shift ;;
        -h | --help) usage 0 ;;
        *) usage 2 >&2 ;;
    esac
done
for row in "${only[@]}"; do
    [[ " ${rows[*]} " == *" $row "* ]] || { echo "no row is called $row; there are: ${rows[*]}" >&2; exit 2; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/sfs-peers.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
corpus=$work/corpus store=$work/store

# --- Programs -------------------------------------------------------------------------------------------------

# have PROGRAM PACKAGE: whether it is there; says how to get it when not.
have() {
    command -v "$1" >/dev/null || { echo "$1 is not installed: apt-get install $2" >&2; return 1; }
}

have zstd zstd && have /usr/bin/time time || exit 1
# The generator needs nothing but the standard library, so it is there even when sfs does not build.
generator=${GENERATE:-$work/generate}
[[ -n ${GENERATE:-} ]] || rustc --edition 2024 -O -o "$generator" "$root/benches/generate.rs"
generate() { "$generator" "$@"; }

sfs=${SFS:-$root/target/release/sfs}
if [[ -z ${SFS:-} ]] && ! (cd "$root" && cargo build --release --quiet 2>"$work/err"); then
    echo "sfs does not build: only its peers are measured" >&2
    sfs=/bin/false
fi

# --- Measuring ------------------------------------------------------------------------------------------------

# measure COMMAND...: runs it once; sets cpu (s), rss (MB), wall (s) and rc. Its output is in $work/out.
measure() {
    local user system peak
    rc=0
    /usr/bin/time -o "$work/figures" -f '%U %S %M %e' timeout "$limit" "$@" >"$work/out" 2>"$work/err" || rc=$?
    read -r user system peak wall < <(tail -n 1 "$work/figures")
    cpu=$(calc "$user + $system") rss=$(calc "$peak / 1024" 0)
    ((rc == 0)) || complain "$@"
}

# measure_each BEFORE COMMAND...: runs it many times, each after BEFORE; sets ms and cpu_ms to the medians.
# @RUN@ in the command is the number of the run. A command of more than 2 s runs 3 times only.
measure_each() {
    local before=$1 run start stop last_run=$runs walls=() cpus=()
    shift
    rc=0
    for ((run = 0; run <= last_run; run++)); do
        "$before"
        once "${@//@RUN@/$run}" || break
        ((run > 0)) || { ((stop - start < 2000000)) || last_run=3; continue; } # the first run warms up
        walls+=("$(calc "($stop - $start) / 1000")")
        cpus+=("$(calc "($(<"$work/figures")) * 1000" 0)")
    done
    ms=$(median "${walls[@]}") cpu_ms=$(median "${cpus[@]}")
}

# once COMMAND...: one run, its time in start, stop (us) and $work/figures; the first under the limit of time.
once() {
    local TIMEFORMAT='%3U + %3S'
    ((run > 0)) || set -- timeout "$limit" "$@"
    {
        start=${EPOCHREALTIME/[.,]/}
        time "$@" >"$work/out" 2>"$work/err" || rc=$?
        stop=${EPOCHREALTIME/[.,]/}
    } 2>"$work/figures"
    ((rc == 0)) || { complain "$@"; return 1; }
}

complain() {
    echo "failed with $rc: $*" >&2
    tail -n 3 "$work/err" >&2
}

# median NUMBER...: the middle one; 0 when there is none.
median() { printf '%s\n' "${@:-0}" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# calc EXPRESSION [DIGITS]
calc() { awk -v digits="${2:-2}" "BEGIN { printf \"%.*f\\n\", digits, $1 }"; }

# size PATH...: the bytes of all files in it.
size() { { find "$@" -type f -printf '%s\n' 2>/dev/null || true; } | awk '{ n += $1 } END { printf "%d\n", n }'; }

# mb BYTES
mb() { calc "$1 / 1e6" 1; }

# check EXPRESSION: whether a comparison holds, as a word; a dash when the command failed.
check() {
    if ((rc != 0)); then
        echo failed
    else
        awk "BEGIN { print ($1) ? \"yes\" : \"**no**\" }"
    fi
}

# row WHAT FIGURE RATIO-TO-ZSTD TARGET MET
row() { printf '| %s | %s | %s | %s | %s |\n' "$@"; }

# nothing: what happens before each run when nothing need happen.
nothing() { :; }

# --- Places ---------------------------------------------------------------------------------------------------

# at HOME STORE: where sfs looks from now on.
at() {
    export HOME=$1 SFS_DIR=$2 CLAUDE_CONFIG_DIR=$1/.claude CODEX_HOME=$1/.codex
    unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME
}

# big_session NAME OPTION...: a home with one big session, captured; sets session (its file) and rev (its id).
big_session() {
    local home=$work/$1
    shift
    if [[ ! -d $home ]]; then
        generate "$home" --bytes 0 --seed "$seed" "$@" >"$work/out"
        at "$home" "$home.store"
        measure "$sfs" capture
    fi
    at "$home" "$home.store"
    session=$(find "$home/.claude/projects" -name '*.jsonl' -printf '%s %p\n' | sort -rn | sed -n '1s/^[0-9]* //p')
    rev=$(basename "$session" .jsonl)
}

# drop NAME: forgets a home that no later row needs.
drop() { rm -rf "${work:?}/$1" "$work/$1.store"; }

need_corpus() {
    [[ -d $corpus ]] && return
    generate "$corpus" --bytes "$bytes" --sessions 300 --seed "$seed" >"$work/out"
    raw=$(size "$corpus")
    cat "$work/out" >&2
}

# The measure of all things: zstd -3 of a tar of the corpus.
need_archive() {
    [[ -f $work/3.zst ]] && return
    need_corpus
    # shellcheck disable=SC2016 # expanded by the inner shell
    measure bash -c 'tar -C "$0" -cf - . | zstd -3 -q -T1 -o "$1"' "$corpus" "$work/3.zst"
    zstd_cpu=$cpu zstd_rss=$rss zstd_size=$(size "$work/3.zst")
}

need_store() {
    [[ -d $store ]] && return
    need_archive
    at "$corpus" "$store"
    measure "$sfs" capture
    sfs_rc=$rc sfs_cpu=$cpu sfs_rss=$rss sfs_size=$(size "$store")
}

# --- Peers ----------------------------------------------------------------------------------------------------

# peer NAME CPU RSS BYTES: a row of one that took the corpus in.
peer() {
    row "import, $1" "$2 CPU s, $3 MB, stored $(mb "$4") MB ($(calc "$raw / ($4 + 1)")x)" "$(calc "$2 / ($zstd_cpu + 0.001)")" "" ""
}

peer_zstd9() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    measure bash -c 'tar -C "$0" -cf - . | zstd -9 --long=27 -q -T1 -o "$1"' "$corpus" "$work/9.zst"
    zstd9_size=$(size "$work/9.zst")
    rm "$work/9.zst"
    peer 'tar \| zstd -9 --long=27' "$cpu" "$rss" "$zstd9_size"
}

peer_git() {
    have git git || return 0
    export HOME=$work/git-home GIT_DIR=$work/git GIT_WORK_TREE=$corpus GIT_CONFIG_NOSYSTEM=1
    git init -q
    # shellcheck disable=SC2016 # expanded by the inner shell
    measure bash -c 'cd "$0" && git add -A && git -c user.name=b -c user.email=b@example.org -c gc.auto=0 commit -qm 1' "$corpus"
    peer 'git add + commit' "$cpu" "$rss" "$(size "$GIT_DIR")"
    measure git gc -q
    peer 'git gc (besides the above)' "$cpu" "$rss" "$(size "$GIT_DIR")"
    rm -rf "$GIT_DIR"
    unset GIT_DIR GIT_WORK_TREE GIT_CONFIG_NOSYSTEM
}

peer_restic() {
    have restic restic || return 0
    export RESTIC_REPOSITORY=$work/restic RESTIC_PASSWORD=bench
    restic -q --no-cache init
    measure restic -q --no-cache backup "$corpus"
    peer 'restic backup' "$cpu" "$rss" "$(size "$work/restic")"
    rm -rf "$work/restic"
}

peer_borg() {
    have borg borgbackup || return 0
    export BORG_BASE_DIR=$work/borg-home BORG_REPO=$work/borg BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
    borg init -e none
    measure borg create --compression zstd,3 ::1 "$corpus"
    peer 'borg create (zstd,3)' "$cpu" "$rss" "$(size "$work/borg")"
    rm -rf "$work/borg" "$work/borg-home"
}

# --- Rows -----------------------------------------------------------------------------------------------------

row_import() {
    need_archive
    peer 'tar \| zstd -3' "$zstd_cpu" "$zstd_rss" "$zstd_size"
    peer_zstd9
    peer_git
    peer_restic
    peer_borg
    need_store
    rc=$sfs_rc
    row "**import, sfs**" "$sfs_cpu CPU s, $sfs_rss MB" "$(calc "$sfs_cpu / ($zstd_cpu + 0.001)")" \
        "<= 1.3x CPU, < 200 MB" "$(check "$sfs_cpu <= 1.3 * $zstd_cpu && $sfs_rss < 200")"
    row "**store, sfs**" "$(mb "$sfs_size") MB ($(calc "$raw / ($sfs_size + 1)")x)" "$(calc "$sfs_size / $zstd_size")" \
        "< tar \\| zstd -3" "$(check "$sfs_size < $zstd_size")"
}

row_gc() {
    local after
    need_store
    [[ -n ${zstd9_size:-} ]] || peer_zstd9
    at "$corpus" "$store"
    measure "$sfs" gc --grace 0
    after=$(size "$store")
    row "store after \`sfs gc\`" "$(mb "$after") MB ($(calc "$raw / ($after + 1)")x), gc took $cpu CPU s, $rss MB" \
        "$(calc "$after / $zstd_size")" "< zstd -9 --long=27: $(mb "$zstd9_size") MB" "$(check "$after < $zstd9_size")"
}

# What a fork that a tool makes costs: every row is new, no text is.
row_forked() {
    local first grown
    big_session forked --big-mb 4
    first=$(size "$SFS_DIR")
    generate --fork "$session" --seed "$seed" >"$work/out"
    measure "$sfs" capture
    grown=$(($(size "$SFS_DIR") - first))
    row "fork made by a tool, captured" "+$(calc "$grown * 100 / ($first + 1)" 1) % of $(mb "$first") MB" "" "< 15 %" \
        "$(check "$grown < 0.15 * $first")"
    drop forked
}

# append: adds the next donated record to the session, in its chain.
append() {
    local record=${donated[taken % ${#donated[@]}]}
    record=$(sed -E "s/^\{\"parentUuid\":(null|\"[^\"]*\")/{\"parentUuid\":\"$last\"/; s/\"sessionId\":\"[^\"]*\"/\"sessionId\":\"$rev\"/" <<<"$record")
    last=$(grep -o '"uuid":"[^"]*"' <<<"$record" | tail -n 1 | cut -d '"' -f 4)
    printf '%s\n' "$record" >>"$session"
    compressed=$((compressed + $(printf '%s\n' "$record" | zstd -3 -c | wc -c)))
    taken=$((taken + 1))
}

row_append() {
    local size_mb small="" before growth allowed
    generate "$work/donor" --bytes 2MB --codex 0 --sessions 1 --seed 77 >"$work/out"
    mapfile -t donated < <(cat "$work/donor"/.claude/projects/*/*.jsonl | grep '"content":\[{"type":"text"' | grep '"type":"assistant"')
    for size_mb in 1 $((2 * big)) $((50 * big)); do
        big_session append --big-mb "$size_mb"
        last=$(tail -n 20 "$session" | grep -o '"uuid":"[^"]*"' | tail -n 1 | cut -d '"' -f 4) compressed=0 taken=0
        before=$(size "$SFS_DIR")
        measure_each append "$sfs" capture
        growth=$((($(size "$SFS_DIR") - before) / (taken > 0 ? taken : 1)))
        allowed=$((4096 + compressed / (taken > 0 ? taken : 1)))
        row "append a record to $size_mb MB, capture" "$ms ms wall, $cpu_ms ms CPU, +$growth B" "" "< 5 ms, < $allowed B" \
            "$(check "$ms < 5 && $growth < $allowed")"
        small=${small:-$ms}
        drop append
    done
    row "... the largest against 1 MB" "$(calc "$ms / ($small + 0.001)")x" "" "<= 1.2x" "$(check "$ms <= 1.2 * $small")"
    rm -rf "$work/donor"
}

row_noop() {
    need_store
    at "$corpus" "$store"
    measure_each nothing "$sfs" capture
    row "capture with nothing new, 300 sessions" "$ms ms wall, $cpu_ms ms CPU" "" "< 15 ms" "$(check "$ms < 15")"
}

row_list() {
    generate "$work/list" --bytes 30MB --sessions 1000 --seed "$seed" >"$work/out"
    at "$work/list" "$work/list.store"
    measure "$sfs" capture
    measure_each nothing "$sfs" list --all
    row "\`sfs list --all\`, 1,000 sessions" "$ms ms wall, $cpu_ms ms CPU" "" "< 15 ms" "$(check "$ms < 15")"
    export SFS_CAPTURE=off
    measure_each nothing "$sfs" list --all
    unset SFS_CAPTURE
    row "... without a look for what is new" "$ms ms wall, $cpu_ms ms CPU" "" "" ""
    drop list
}

row_log() {
    big_session large --big-mb $((10 * big))
    measure_each nothing "$sfs" log "$rev"
    row "\`sfs log\`, $((10 * big)) MB" "$ms ms wall, $cpu_ms ms CPU" "" "< 15 ms" "$(check "$ms < 15")"
}

row_fork() {
    local before growth count=$((10000 * big))
    big_session long --big-messages "$count" --text 5
    before=$(size "$SFS_DIR")
    measure_each nothing "$sfs" fork "$rev" --name bench@RUN@
    growth=$((($(size "$SFS_DIR") - before) / (runs + 1)))
    row "\`sfs fork\`, $count messages" "$ms ms wall, $cpu_ms ms CPU, +$growth B" "" "< 5 ms, < 1024 B" \
        "$(check "$ms < 5 && $growth < 1024")"
    measure_each nothing "$sfs" diff "$rev" "$rev/bench1"
    row "\`sfs diff\`, $count messages, equal tips" "$ms ms wall, $cpu_ms ms CPU" "" "" "$(check 1)"
    drop long
}

# hashes FOLDER: one line for each file's content.
hashes() { find "$1" -type f -print0 | xargs -0r sha256sum | cut -c 1-64 | sort; }

row_restore() {
    local tar_cpu lost same
    need_store
    mkdir "$work/untarred"
    # shellcheck disable=SC2016 # expanded by the inner shell
    measure bash -c 'zstd -dcq "$0" | tar -C "$1" -xf -' "$work/3.zst" "$work/untarred"
    tar_cpu=$cpu
    rm -rf "$work/untarred"
    at "$corpus" "$store"
    measure "$sfs" restore --all --to "$work/restored"
    hashes "$corpus" >"$work/wanted"
    mkdir -p "$work/restored"
    hashes "$work/restored" >"$work/got"
    lost=$(comm -23 "$work/wanted" "$work/got" | wc -l) same=$(comm -12 "$work/wanted" "$work/got" | wc -l)
    row "\`sfs restore --all\`, verified" "$cpu CPU s, $rss MB; zstd -d \\| tar x: $tar_cpu CPU s" \
        "$(calc "$cpu / ($tar_cpu + 0.001)")" "<= 1.3x" "$(check "$cpu <= 1.3 * $tar_cpu")"
    row "... files that are the same byte for byte" "$same of $((same + lost))" "" "all" "$(check "$lost == 0")"
    rm -rf "$work/restored"
}

row_resume() {
    big_session large --big-mb $((10 * big))
    CODEX_HOME=$work/codex-home
    mkdir -p "$CODEX_HOME"
    measure "$sfs" resume "$rev" --in codex
    row "\`sfs resume --in codex\`, $((10 * big)) MB" "$wall s wall, $cpu CPU s, $rss MB, wrote $(mb "$(size "$CODEX_HOME")") MB" "" \
        "< 1.5 s, < 100 MB" "$(check "$wall < 1.5 && $rss < 100")"
    rm -rf "$CODEX_HOME"
}

# The least that any row in milliseconds can show here.
row_floor() {
    measure_each nothing /bin/true
    row "(starting a process: /bin/true)" "$ms ms wall, $cpu_ms ms CPU" "" "" ""
}

echo "| | figure | ratio to zstd -3 | target | met |"
echo "|---|---|---|---|---|"
row_floor
for row in "${rows[@]}"; do
    if ((${#only[@]} == 0)) || [[ " ${only[*]} " == *" $row "* ]]; then
        "row_$row"
    fi
done
