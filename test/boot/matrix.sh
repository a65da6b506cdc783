#!/bin/bash
# Runs the scenarios of the boot test, each in namespaces of its own: all that are quick, or those named; `--slow` adds the slow ones.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
names=() options=() slow='' keep=''
while [ $# -gt 0 ]; do
  case $1 in
    --slow) slow=1 ;;
    --built) options+=(--built) ;;
    --install) "$here/run.sh" --install --list >/dev/null ;;
    --keep) keep=${2:?} && shift ;;
    -*) echo "usage: $0 [--slow] [--built] [--install] [--keep DIR] [SCENARIO...]" >&2 && exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
if [ ${#names[@]} = 0 ]; then
  # The shortest first: what is broken for all shows soon.
  for name in words $(cd "$here/scenarios" && echo *.sh | sed 's/\.sh//g; s/\bwords\b//'); do
    [ -z "$slow" ] && grep -q '^# slow' "$here/scenarios/$name.sh" || names+=("$name")
  done
fi
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
