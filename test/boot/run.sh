#!/bin/bash
# Runs one scenario of the boot test: real machines (QEMU) boot from what litehouse made of a cluster's repository. Without a name it
# is `words`, the shortest whole way, which CI runs. Needs root; everything runs in a private network, pid and mount namespace and
# dies with it, and nothing is written outside a temporary directory and the cache of the kernel package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lab/prepare.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/litehouse-boot
keep='' build=1 scenario='' inside='' install=''
export WORDS='' LIMIT=600 MEMORY=384

usage() {
  cat >&2 <<U
usage: $0 [--install] [--keep DIR] [--built] [--words TEXT] [SCENARIO]
  --install    bring the Debian packages that the scenario needs first (no service is started)
  --keep DIR   copy consoles, answers and server logs to DIR
  --built      dist is there already
  --list       name the scenarios
  --words TEXT more words for the kernel line, such as LHNFS=vers=4.2 or lhdebug
scenarios: $(cd "$here/scenarios" && echo *.sh | sed 's/\.sh//g')
U
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    --install) install=1 ;;
    --keep) keep=${2:?} && shift ;;
    --built) build='' ;;
    --list) (cd "$here/scenarios" && printf '%s\n' *.sh | sed 's/\.sh$//') && exit ;;
    --words) WORDS=${2:?} && shift ;;
    -*) usage ;;
    *) [ -z "$scenario" ] && scenario=$1 || usage ;;
  esac
  shift
done
scenario=${scenario:-words}
[ -e "$here/scenarios/$scenario.sh" ] || { echo "there is no scenario $scenario" >&2 && usage; }
[ "$(id -u)" = 0 ] || { echo "needs root" >&2 && exit 2; }
[ -z "$install" ] || install_packages "$scenario"
missing=$(lacking "$scenario" | tr '\n' ' ')
[ -z "$missing" ] || { echo "not installed: $missing: run $0 --install $scenario" >&2 && exit 2; }

# Only a system that never started has none.
[ -e /etc/mtab ] || { echo "there is no /etc/mtab, without which ganesha exports nothing: ln -s ../proc/self/mounts /etc/mtab" >&2 && exit 2; }

[ -z "$build" ] || (cd "$here/../.." && npm run --silent build)
export WORK LOG HERE=$here KERNEL=$cache/kernel CACHE=$cache
unpack_kernel "$KERNEL"
packages=$(sed -n 's/^# debs: //p' "$here/scenarios/$scenario.sh")
export DEBS=$cache/debs-$scenario
# shellcheck disable=SC2086
[ -z "$packages" ] || fetch_debs "$DEBS" $packages
# ganesha can not serve an overlay filesystem, such as a container's own.
place=${TMPDIR:-/tmp}
[ "$(stat -f -c %T "$place")" != overlayfs ] || place=/dev/shm
WORK=$(mktemp -d -p "$place" litehouse-boot.XXXXXX)
LOG=$WORK/log
finish() {
  code=$?
  trap - EXIT
  # It ignores gentler signals; what it holds ends with it.
  [ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null || :
  [ -z "$keep" ] || { mkdir -p "$keep" && cp -a "$LOG"/. "$keep"/; }
  rm -rf --one-file-system "$WORK"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM
mkdir -p "$LOG"

echo "scenario $scenario: $(sed -n '2s/^# //p' "$here/scenarios/$scenario.sh")"
unshare --net --pid --mount --fork --kill-child --mount-proc bash "$here/lab/inside.sh" "$here/scenarios/$scenario.sh" &
inside=$!
wait $inside
