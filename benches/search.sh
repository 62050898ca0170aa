#!/usr/bin/env bash
# Measures `sfs search` beside ripgrep, agentsview and fast-resume: one corpus, one run, one table.
#
#   benches/search.sh [--bytes 1GB] [--seed 1]
#
# SFS and GENERATE name ready-made programs; AGENTSVIEW and FR those of the peers (pip install agentsview fast-resume), which are
# left out when they are not there. TMPDIR needs some 3 times the corpus. Each figure is the median of 9 runs; wall time can only be
# compared on a quiet machine, so CPU stands beside it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bytes=1GB seed=1 runs=9
while (($#)); do
    case $1 in
        --bytes) bytes=${2:?--bytes needs a size}; shift 2 ;;
        --seed) seed=${2:?--seed needs a number}; shift 2 ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2 ;;
    esac
done

work=$(mktemp -d "${TMPDIR:-/tmp}/sfs-search.XXXXXX")
trap 'rm -rf "$work"' EXIT
generator=${GENERATE:-$work/generate}
[[ -n ${GENERATE:-} ]] || rustc --edition 2024 -O -o "$generator" "$root/benches/generate.rs"
sfs=${SFS:-$root/target/release/sfs}
[[ -n ${SFS:-} ]] || (cd "$root" && cargo build --release --quiet)
export HOME=$work/home SFS_DIR=$work/store CLAUDE_CONFIG_DIR=$work/home/.claude CODEX_HOME=$work/home/.codex
unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME

calc() { awk "BEGIN { printf \"%.${2:-2}f\\n\", $1 }"; }
size() { find "$@" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%.1f", n / 1e6 }'; }
row() { printf '| %s | %s | %s |\n' "$@"; }

# once COMMAND...: sets wall (ms), cpu (s), rss (MB). That nothing is found is no failure.
once() {
    /usr/bin/time -o "$work/figures" -f '%U %S %M %e' "$@" >"$work/out" 2>"$work/err" || true
    read -r user system peak wall < <(tail -n 1 "$work/figures")
    cpu=$(calc "$user + $system") rss=$(calc "$peak / 1024" 0)
}

# each COMMAND...: sets ms and cpu_ms to the medians of many runs, after one that warms up.
each() {
    local n start stop walls=() cpus=() TIMEFORMAT='%3U + %3S'
    for ((n = 0; n <= runs; n++)); do
        { start=${EPOCHREALTIME/[.,]/}; time "$@" >"$work/out" 2>"$work/err" || true; stop=${EPOCHREALTIME/[.,]/}; } 2>"$work/figures"
        ((n > 0)) || { ((stop - start < 3000000)) || n=$((runs - 2)); continue; }
        walls+=("$(calc "($stop - $start) / 1000" 0)") cpus+=("$(calc "($(tail -n 1 "$work/figures")) * 1000" 0)")
    done
    ms=$(median "${walls[@]}") cpu_ms=$(median "${cpus[@]}")
}
median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# cold: takes the store out of the system's cache.
cold() {
    find "$SFS_DIR" -type f -exec dd if={} iflag=nocache count=0 status=none \;
}

"$generator" "$HOME" --bytes "$bytes" --seed "$seed" >&2
echo "| | figure | |"
echo "|---|---|---|"
once "$sfs" capture
capture=$cpu
row "\`sfs capture\` of $(size "$HOME") MB" "$cpu CPU s, $rss MB" "store $(size "$SFS_DIR") MB"
once "$sfs" search --rebuild
row "index, made by the first search" "$cpu CPU s, $rss MB, $(calc "$cpu / $capture")x the capture" "$(size "$SFS_DIR/cache") MB"

queries=(parser the 'pars*' '"to be"' guard_parser_scope 'error kind:error' zzzznope)
for query in "${queries[@]}"; do
    each "$sfs" search -n 1 -- "$query"
    found=$(head -c 12 "$work/out")
    row "first hit of \`${query//|/\\|}\`, warm" "$ms ms wall, $cpu_ms ms CPU" "${found:-nothing}"
done
each "$sfs" search -- parser
row "20 hits of \`parser\`, warm" "$ms ms wall, $cpu_ms ms CPU" ""
walls=()
for ((n = 0; n < 5; n++)); do
    cold
    start=${EPOCHREALTIME/[.,]/}
    "$sfs" search -n 1 parser >"$work/out"
    walls+=("$(calc "(${EPOCHREALTIME/[.,]/} - $start) / 1000" 0)")
done
row "first hit of \`parser\`, cold" "$(median "${walls[@]}") ms wall" ""

if command -v rg >/dev/null; then
    for query in parser guard_parser_scope zzzznope; do
        each rg --hidden --no-ignore -w -i -F -l -- "$query" "$HOME"
        row "ripgrep \`-w -i -F $query\`, names of all files" "$ms ms wall, $cpu_ms ms CPU" "$(wc -l <"$work/out") files"
    done
fi
agentsview=$(command -v "${AGENTSVIEW:-agentsview}" || true)
if [[ -n $agentsview ]]; then
    once "$agentsview" sync
    row "agentsview \`sync\`" "$cpu CPU s, $rss MB" "$(size "$HOME/.agentsview") MB"
    each "$agentsview" session search --fts --limit 20 parser
    row "agentsview \`session search --fts parser\`" "$ms ms wall, $cpu_ms ms CPU" "$(wc -l <"$work/out") lines"
    "$agentsview" daemon stop >/dev/null 2>&1 || true
fi
fr=$(command -v "${FR:-fr}" || true)
if [[ -n $fr ]]; then
    once "$fr" --rebuild --json --limit 1 parser
    row "fast-resume \`--rebuild\`" "$cpu CPU s, $rss MB" "$(size "$HOME/.cache") MB"
    each "$fr" --json --no-refresh --limit 20 parser
    row "fast-resume \`--no-refresh parser\` (sessions)" "$ms ms wall, $cpu_ms ms CPU" ""
    each "$fr" --json --limit 20 parser
    row "fast-resume \`parser\`, after looking for changes" "$ms ms wall, $cpu_ms ms CPU" ""
fi
