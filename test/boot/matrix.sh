#!/bin/bash
# Runs the scenarios of the boot test, each in namespaces of its own: all that are quick, or those named; `--slow` adds the slow ones.
# Brings what this machine lacks for them first, and says what that is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lab/prepare.sh"
names=() options=() slow='' keep=''
while [ $# -gt 0 ]; do
  case $1 in
    --slow) slow=1 ;;
    --built) options+=(--built) ;;
    --keep) keep=${2:?} && shift ;;
    -*) echo "usage: $0 [--slow] [--built] [--keep DIR] [SCENARIO...]" >&2 && exit 2 ;;
    *) [ -e "$here/scenarios/$1.sh" ] && names+=("$1") || { echo "there is no scenario $1" >&2 && exit 2; } ;;
  esac
  shift
done
if [ ${#names[@]} = 0 ]; then
  # The shortest first: what is broken for all shows soon.
  for name in words $(cd "$here/scenarios" && echo *.sh | sed 's/\.sh//g; s/\bwords\b//'); do
    [ -z "$slow" ] && grep -q '^# slow' "$here/scenarios/$name.sh" || names+=("$name")
  done
fi
[ "$(id -u)" = 0 ] || { echo "needs root" >&2 && exit 2; }
install_packages "${names[@]}"
[ -e "$here/../../node_modules" ] || { echo "installing with npm ci: what package-lock.json names" && (cd "$here/../.." && npm ci); }
[[ " ${options[*]} " = *' --built '* ]] || (cd "$here/../.." && npm run --silent build)
summary=() failed=0
for name in "${names[@]}"; do
  from=$SECONDS verdict=ok
  "$here/run.sh" --built ${keep:+--keep "$keep/$name"} "$name" || { verdict=FAILED && failed=$((failed + 1)); }
  summary+=("$(printf '%-12s %-7s %4d s' "$name" "$verdict" $((SECONDS - from)))")
done
printf '%s\n' "${summary[@]}"
echo "$((${#names[@]} - failed)) passed, $failed failed, $SECONDS s in all"
[ $failed = 0 ]
