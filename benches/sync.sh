#!/usr/bin/env bash
# Measures a push beside restic, rclone and git: one corpus, one run, two tables.
#
#   benches/sync.sh [--bytes 300MB] [--seed 1]
#
# The first table: a push to a directory beside a copy of the same packs (cp and sync), and a clone from there. The second: what
# each program sends the first time, when nothing is new, and after one record more; sfs, restic and rclone to one bucket on
# loopback that counts (benches/bucket.py), git to a bare repository. Peers that are not installed are left out, and it is said why.
# SFS and GENERATE name ready-made programs, TMPDIR the place for some 6 times the corpus. Bytes and requests can be
# compared between machines, CPU seconds and ratios nearly so; wall time only on a quiet one.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bytes=300MB seed=1

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit "$1"
}

while (($#)); do
    case $1 in
        --bytes) bytes=${2:?--bytes needs a size}; shift 2 ;;
        --seed) seed=${2:?--seed needs a number}; shift 2 ;;
        -h | --help) usage 0 ;;
        *) usage 2 >&2 ;;
    esac
done

# have PROGRAM PACKAGE: whether it is there; says how to get it when not.
have() {
    command -v "$1" >/dev/null || { echo "$1 is not installed, and left out: apt-get install $2" >&2; return 1; }
}

have /usr/bin/time time && have python3 python3 || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/sfs-sync.XXXXXX")
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

generator=${GENERATE:-$work/generate}
[[ -n ${GENERATE:-} ]] || rustc --edition 2024 -O -o "$generator" "$root/benches/generate.rs"
sfs=${SFS:-$root/target/release/sfs}
[[ -n ${SFS:-} ]] || (cd "$root" && cargo build --release --quiet)

# --- Measuring ------------------------------------------------------------------------------------------------

# calc EXPRESSION [DIGITS]
calc() { awk -v digits="${2:-2}" "BEGIN { printf \"%.*f\\n\", digits, $1 }"; }

# size PATH...: the bytes of all files in it.
size() { find "$@" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%d\n", n }'; }

# told BYTES: a size as people read it.
told() { awk -v n="$1" 'BEGIN { if (n < 1e4) print n " B"; else if (n < 1e6) printf "%.1f kB\n", n / 1e3; else printf "%.1f MB\n", n / 1e6 }'; }

# measure COMMAND...: runs it once; sets cpu and wall (s).
measure() {
    local user system
    /usr/bin/time -o "$work/figures" -f '%U %S %e' "$@" >"$work/out" 2>"$work/err" || {
        echo "failed: $*" >&2
        tail -n 5 "$work/err" >&2
        return 1
    }
    read -r user system wall < <(tail -n 1 "$work/figures")
    cpu=$(calc "$user + $system")
}

# counted COMMAND...: the same; sets requests, sent and received, too, of the bucket.
counted() {
    ask >/dev/null
    measure "$@"
    read -r requests sent received < <(ask)
}

ask() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1] + "/-/counts").read().decode())' "$url"; }

# grown FOLDER COMMAND...: the same for a folder: files that are new there, and their bytes.
grown() {
    local folder=$1 files before
    shift
    files=$(find "$folder" -type f | wc -l) before=$(size "$folder")
    measure "$@"
    requests=$(($(find "$folder" -type f | wc -l) - files)) sent=$(($(size "$folder") - before))
}

check() { awk "BEGIN { print ($1) ? \"yes\" : \"**no**\" }"; }

# --- The corpus -----------------------------------------------------------------------------------------------

corpus=$work/corpus
"$generator" "$corpus" --bytes "$bytes" --sessions 300 --seed "$seed" >&2
at() { export HOME=$1 SFS_DIR=$2 CLAUDE_CONFIG_DIR=$1/.claude CODEX_HOME=$1/.codex; }
unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME AWS_CA_BUNDLE
export SFS_CAPTURE=off
at "$corpus" "$work/store"
measure "$sfs" capture
capture_cpu=$cpu
raw=$(size "$corpus")

# --- A directory beside a copy --------------------------------------------------------------------------------

echo "A corpus of $(told "$raw"), captured in $capture_cpu CPU s into $(told "$(size "$work/store/packs")") of packs."
echo
echo "| to a directory | wall | CPU | moved | to a copy |"
echo "|---|---|---|---|---|"
place=$work/remote
"$sfs" remote add dir "$place" 2>/dev/null
sync
# What looks like a secret in made-up text is none.
measure "$sfs" push dir --allow-all --yes
push_wall=$wall push_cpu=$cpu packs=$(size "$place")
mkdir "$work/copy"
sync
measure sh -c 'cp -r "$0" "$1" && sync "$1"/*/*/*' "$place" "$work/copy"
copy_wall=$wall
rm -rf "$work/copy"
echo "| copy of those packs, synced | $copy_wall s | $cpu s | $(told "$packs") | 1 |"
echo "| \`sfs push\`, first | $push_wall s | $push_cpu s | $(told "$packs") | $(calc "$push_wall / ($copy_wall + 0.001)" 1)x |"
at "$work/elsewhere" "$work/clone"
measure "$sfs" clone "$place"
echo "| \`sfs clone\` | $wall s | $cpu s | $(told "$(size "$work/clone/packs")") | $(calc "$wall / ($copy_wall + 0.001)" 1)x |"
rm -rf "$work/clone"
at "$corpus" "$work/store"

# --- Beside others --------------------------------------------------------------------------------------------

mkdir -p "$work/buckets/sfs" "$work/buckets/restic" "$work/buckets/rclone"
python3 "$root/benches/bucket.py" "$work/buckets" "$work/port" &
server=$!
until [[ -f $work/port ]]; do sleep 0.05; done
url=http://127.0.0.1:$(<"$work/port")
export AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret

# one NAME HOW COMMAND...: what a program sends; HOW is `counted`, or `grown FOLDER`.
declare -A bytes_of requests_of cpu_of
each() {
    local name=$1 round=$2
    shift 2
    "$@" || { bytes_of[$name$round]=failed requests_of[$name$round]=- cpu_of[$name$round]=-; return; }
    bytes_of[$name$round]=$sent requests_of[$name$round]=$requests cpu_of[$name$round]=$cpu
}

peers=(sfs)
"$sfs" remote add bucket "s3://sfs?endpoint=$url" 2>/dev/null
sync_sfs() { each sfs "$1" counted "$sfs" push bucket; }
if have restic restic; then
    peers+=(restic)
    export RESTIC_REPOSITORY=s3:$url/restic/r RESTIC_PASSWORD=bench RESTIC_CACHE_DIR=$work/restic-cache
    restic -q init
fi
sync_restic() { each restic "$1" counted restic -q backup "$corpus"; }
if have rclone rclone; then
    peers+=(rclone)
    export RCLONE_CONFIG=$work/rclone.conf RCLONE_S3_NO_CHECK_BUCKET=true RCLONE_S3_ENV_AUTH=true
    export RCLONE_S3_ENDPOINT=$url RCLONE_S3_FORCE_PATH_STYLE=true RCLONE_S3_PROVIDER=Other
    touch "$RCLONE_CONFIG"
fi
sync_rclone() { each rclone "$1" counted rclone -q sync "$corpus" :s3:rclone; }
if have git git; then
    peers+=(git)
    git init -q --bare "$work/bare.git"
    git init -q "$work/tree.git"
fi
sync_git() {
    export GIT_DIR=$work/tree.git/.git GIT_WORK_TREE=$corpus GIT_CONFIG_NOSYSTEM=1
    # shellcheck disable=SC2016 # expanded by the inner shell
    each git "$1" grown "$work/bare.git" sh -c 'cd "$0" && git add -A &&
        { git diff --cached --quiet || git -c user.name=b -c user.email=b@example.org -c gc.auto=0 commit -qm x; } &&
        git push -q "$1" HEAD:refs/heads/main' "$corpus" "$work/bare.git"
    unset GIT_DIR GIT_WORK_TREE GIT_CONFIG_NOSYSTEM
}

for name in "${peers[@]}"; do "sync_$name" 1; done
at "$work/elsewhere" "$work/clone"
clones=()
for how in "" --shallow; do
    # shellcheck disable=SC2086 # nothing, or an option
    counted "$sfs" clone $how "s3://sfs?endpoint=$url"
    clones+=("| \`sfs clone $how\` | $(told "$received") | $requests | $cpu s |")
    if [[ -n $how ]]; then
        counted "$sfs" show "$("$sfs" list --all --json | grep -o '"id":"[0-9a-f]*"' | sed -n '1s/.*:"\([0-9a-f]*\)"/\1/p')"
        clones+=("| \`sfs show\` of one session after it | $(told "$received") | $requests | $cpu s |")
    fi
    rm -rf "$work/clone"
done
at "$corpus" "$work/store"
for name in "${peers[@]}"; do "sync_$name" 2; done
session=$(find "$corpus/.claude/projects" -name '*.jsonl' -printf '%s %p\n' | sort -rn | sed -n '1s/^[0-9]* //p')
last=$(tail -n 20 "$session" | grep -o '"uuid":"[^"]*"' | tail -n 1 | cut -d '"' -f 4)
grep '"type":"assistant"' "$session" | grep '"uuid":' | tail -n 1 | sed -E "s/\"parentUuid\":(null|\"[^\"]*\")/\"parentUuid\":\"$last\"/; s/(\"uuid\":\")[0-9a-f]{8}/\1ffffffff/" >"$work/record"
cat "$work/record" >>"$session"
measure "$sfs" capture
recapture_cpu=$cpu
for name in "${peers[@]}"; do "sync_$name" 3; done

echo
echo "A record of $(told "$(size "$work/record")") more; \`sfs capture\` took $recapture_cpu CPU s for it."
echo
echo "| beside others | first: sent | requests | CPU | nothing new: sent | requests | CPU | one record more: sent | requests | CPU |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for name in "${peers[@]}"; do
    printf '| %s ' "$name"
    for round in 1 2 3; do
        what=${bytes_of[$name$round]}
        [[ $what == failed ]] || what=$(told "$what")
        printf '| %s | %s | %s s ' "$what" "${requests_of[$name$round]}" "${cpu_of[$name$round]}"
    done
    echo '|'
done
echo
echo "| from the bucket | received | requests | CPU |"
echo "|---|---|---|---|"
printf '%s\n' "${clones[@]}"
echo
echo "| target | figure | met |"
echo "|---|---|---|"
speed=$(calc "100 * $copy_wall / $push_wall" 1)
echo "| first push at 80 % of a copy's speed or more | $speed % | $(check "$speed >= 80") |"
echo "| nothing new: 2 requests at most | ${requests_of[sfs2]} | $(check "${requests_of[sfs2]} <= 2") |"
echo "| one record more: less than 16 KB | $(told "${bytes_of[sfs3]}") | $(check "${bytes_of[sfs3]} < 16384") |"
