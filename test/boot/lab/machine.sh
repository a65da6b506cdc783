# Read inside the namespaces: machines (QEMU, plain emulation) and their consoles.

declare -A machines

mac_of() { printf '52:54:00:aa:00:%02x' "$1"; }
# power_on NUMBER CONSOLE [QEMU-OPTION...]: machine n0NUMBER, with nothing but firmware unless options say more; its console is
# written to $LOG/CONSOLE.log. Keys come from the descriptor that `keyboard` opened.
power_on() {
  local number=$1 console=$2
  shift 2
  if ! ip link show "tap$number" >/dev/null 2>&1; then
    ip tuntap add "tap$number" mode tap
    ip link set "tap$number" master br0
    ip link set "tap$number" up
  fi
  : >"$LOG/$console.log"
  # shellcheck disable=SC2086  # a word, or none
  timeout "$LIMIT" qemu-system-x86_64 -accel tcg -m "$MEMORY" -display none -vga none -monitor none ${REBOOT:--no-reboot} -serial stdio \
    -netdev "tap,id=n0,ifname=tap$number,script=no,downscript=no" -device "virtio-net-pci,netdev=n0,mac=$(mac_of "$number")" \
    -boot order=n,reboot-timeout=3000 "$@" <"${KEYS:-/dev/null}" >"$LOG/$console.log" 2>&1 &
  machines[$number]=$!
}
power_off() { kill "${machines[$1]}" 2>/dev/null || :; wait "${machines[$1]}" || :; }
# Waits for a machine that switches itself off.
wait_off() { wait "${machines[$1]}" || :; }
on_console() { grep -aq -- "$2" "$LOG/$1.log"; }
# wait_console CONSOLE TEXT
wait_console() { until_true "$LIMIT" "'$2' on the console $1" on_console "$1" "$2"; }
# What the stages of a boot said.
show_console() {
  tr -d '\r' <"$LOG/$1.log" | grep -aE "^\[(initrd|statelite|node)\]${2:+|$2}|^LITEHOUSE-" | cut -c1-170 | sed "s/^/   $1: /" || :
}
# boot NUMBER CONSOLE MARKER [QEMU-OPTION...]: powers on, waits until the machine is off, and looks for the marker.
boot() {
  local number=$1 console=$2 marker=$3
  shift 3
  power_on "$number" "$console" "$@"
  wait_off "$number"
  show_console "$console"
  on_console "$console" "$marker" || fail "$console: no '$marker' on the console"
  tell "$console done"
}
# What litehouse counted of its own: requests by TFTP and their bytes, answers to nodes. The bench `boot` reads these lines and those below.
show_served() { get metrics | grep -aE '^litehouse_(tftp|answers)_.*[1-9][0-9]*$' | sed 's/^/   /'; }
# Seconds that the boot program took, and the node's NFS traffic, by what the node's own kernel counted (/proc/self/mountstats).
show_figures() {
  tr -d '\r' <"$LOG/$1.log" | awk -v console="$1" '
    # Mounts of one filesystem show the same counters: each is summed once.
    function sum() {
      if (nfs && !(block in seen)) { seen[block]; mounts++; requests += ops; sent += out; received += in_; read += r }
      block = ""; ops = out = in_ = r = 0
    }
    /^\[initrd\].* is mounted/ { from = $2 + 0 }
    /^\[statelite\].*laid out/ { to = $2 + 0 }
    /^\[nfs\] device/ { sum(); nfs = / fstype nfs/; next }
    !/^\[nfs\]/ { next }
    { block = block $0 }
    /^\[nfs\][ \t]+[A-Z_0-9]+: [0-9]+ [0-9]+ / { ops += $3; out += $6; in_ += $7; if ($2 == "READ:") r = $7 }
    END {
      sum()
      printf "   %s: boot program %.2f s; NFS until then: %d filesystems, %d requests, %.0f kB sent, %.0f kB received (%.0f kB of it file data)\n",
        console, to - from, mounts, requests, sent / 1000, received / 1000, read / 1000
    }'
}
