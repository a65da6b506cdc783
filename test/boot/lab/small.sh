# Read inside the namespaces: the cluster of three nodes in two rooms, and its small image, made by litehouse from RPMs.

# rpm_packages: makes the repository once and keeps it in the cache; scenarios add to a copy.
rpm_packages() {
  local made=$CACHE/rpms
  local is
  is=$(cat "$HERE/image/repository.ts" "$HERE/image/lab-init.sh" "$HERE/../fixtures/rpm-repository.ts" "$KERNEL/.ok" | sha256sum)$(ls "$KERNEL/lib/modules")
  if [ "$(cat "$made/.is" 2>/dev/null)" != "$is" ]; then
    rm -rf "$made"
    node --import tsx "$HERE/image/repository.ts" "$made" "$KERNEL"
    echo "$is" >"$made/.is"
    tell "packages made: $(ls "$made"/*.rpm | wc -l)"
  fi
  mkdir -p "$1"
  cp -a "$made/." "$1/"
}
# new_tool REPOSITORY VERSION
new_tool() { node --import tsx "$HERE/image/repository.ts" "$1" "$KERNEL" tool "$2"; }

# small_cluster OS: litehouse is up, the cluster is in its clone, packages are where the image of that system looks for them.
small_cluster() {
  os=$1
  repository=$world/install/$os/x86_64
  start_house rows
  git clone --quiet $admin/config.git "$WORK/cluster"
  git -C "$WORK/cluster" rm --quiet -r .
  cp -a "$HERE/small/." "$WORK/cluster/"
  sed -i "s/@os@/$os/" "$WORK"/cluster/tables/*.csv
}
change() { sed -i "$1" "$WORK/cluster/$2"; }
write() { mkdir -p "$(dirname "$WORK/cluster/$1")" && cat >"$WORK/cluster/$1"; }
# long_file LINE PATH: LINE has seven letters, so that each read of the file begins with it; long enough to be read for minutes.
long_file() { awk -v line="$1" 'BEGIN { while (n++ < 500000) print line }' | write "$2"; }
# wait_built [NODE]: nothing is waiting, and no build has failed.
wait_built() {
  until_true 900 "the image" built_or_failed "${1:-n01}"
  get status >"$LOG/status.json"
  "$litehouse" images --dir "$WORK/var" 2>&1 | sed 's/^/   /'
  "$litehouse" status --dir "$WORK/var" >"$LOG/status" 2>&1 || :
  ! grep -q 'failed' "$LOG/status" || { "$litehouse" images log image --dir "$WORK/var" | tail -n 30 && fail "the build failed"; }
  tell "the image is built"
}
built_or_failed() {
  "$litehouse" status --dir "$WORK/var" >"$LOG/status" 2>&1 || :
  grep -q failed "$LOG/status" || answered "$1"
}
# generation NODE: what its boot file names.
generation() { sed -n 's/.*LHGEN=\([^ ]*\).*/\1/p' "$world/tftpboot/pxelinux.cfg/$1"; }
said() { tr -d '\r' <"$LOG/$1.log" | sed -n "s/^\[node\] $2: //p" | head -n 1; }
# expect_said CONSOLE WHAT TEXT
expect_said() {
  local found
  found=$(said "$1" "$2")
  [ "$found" = "$3" ] || fail "$1: $2 is '$found', not '$3'"
  tell "ok: $1: $2 is '$3'"
}
# lines CONSOLE PATTERN [WITHOUT]: how many lines of a console have the pattern, and not the other.
lines() { tr -d '\r' <"$LOG/$1.log" | awk -v has="$2" -v without="${3:-}" '$0 ~ has && (without == "" || $0 !~ without) { n++ } END { print n + 0 }'; }
# show_watched CONSOLE: what a node that watches saw, where it changed.
show_watched() {
  grep -a '^\[watch\]' "$LOG/$1.log" | tr -d '\r' | cut -c1-170 |
    awk -v console="$1" '{ all = $0; if ($2 ~ /^[0-9]+$/) $2 = "" } $0 != before { print "   " console ": " all } { before = $0 }'
}
# read_on CONSOLE: the live file that it held open was read on while it was replaced and removed, and after that to its end.
read_on() {
  expect "what it held open was the first live file all the while" test "$(lines "$1" "held='[^']*'" "held='live 1.")" = 0
  expect "it was read on to the end" test "$(lines "$1" 'live 1. to the end: 4000000 bytes$')" = 1
  expect "nothing was stale" test "$(lines "$1" '[Ss]tale|I/O error')" = 0
}
sound() { ! on_console "$1" '\[node\] BAD' || fail "$1: $(grep -a 'BAD' "$LOG/$1.log")"; }

# debian_cluster PACKAGE...: the same cluster with a Debian image, from packages that were fetched before.
debian_cluster() {
  small_cluster debian12
  mkdir -p "$repository"
  cp -a "$DEBS"/*.deb "$repository/"
  printf '%s\n' "$@" | write custom/netboot/debian/compute.pkglist
  # Debian's own init starts what looks at the node.
  {
    cat <<'P'
#!/bin/sh
set -eu
root=$1
cat >"$root/usr/sbin/lab-init" <<'LAB'
P
    cat "$HERE/image/lab-init.sh"
    cat <<'P'
LAB
chmod 755 "$root/usr/sbin/lab-init"
mkdir -p "$root/var/lib/lab"
echo once >"$root/etc/lab-mode"
echo "tool of the image" >"$root/usr/share/tool"
cp "$root/etc/debian_version" "$root/etc/lab-release"
echo 'lab:2345:once:/usr/sbin/lab-init </dev/console >/dev/console 2>&1' >>"$root/etc/inittab"
P
  } | write custom/netboot/debian/compute.postinstall
}
