# Read inside the namespaces: the network, what every scenario says and waits with, and the end of a scenario.
server=10.77.0.1
world=$WORK/var/world
started=$(date +%s%N)

tell() { printf '%6.1fs  %s\n' "$(((($(date +%s%N) - started) / 100000000)))e-1" "$*"; }
fail() {
  tell "FAILED: $*"
  local log
  for log in "$LOG"/*.log; do
    [ ! -s "$log" ] || { echo "--- end of ${log##*/}" && tail -n 15 "$log" | tr -d '\r' | cut -c1-300; }
  done
  exit 1
} >&2
# until_true SECONDS WHAT COMMAND...: waits for a command to succeed. The limits are for a busy machine; nothing is judged by time.
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "$what: not within the time"
    sleep 0.1
  done
}
listening() { ss -Hlnt "sport = :$1" | grep -q .; }
# expect WHAT COMMAND...: a check of the scenario itself.
expect() {
  local what=$1
  shift
  "$@" >/dev/null 2>&1 || fail "$what"
  tell "ok: $what"
}
# again COMMAND...: a service that a stand-in for systemd starts again when it ends.
again() { while :; do "$@" || :; sleep 0.1; done; }

lay_network() {
  ip link set lo up
  ip link add br0 type bridge forward_delay 0 mcast_snooping 0
  # A port that is always up, so that the bridge and its addresses are, before the first machine.
  ip link add port0 type veth peer name port1
  ip link set port0 master br0
  ip addr add $server/24 dev br0
  # iPXE waits 15 s for an IPv6 router where there is none.
  ip addr add fd77::1/64 dev br0 nodad
  for link in port0 port1 br0; do ip link set $link up; done
  mount -t tmpfs tmpfs /run
  mkdir -p "$WORK/bin" "$WORK/pids"
  PATH=$WORK/bin:$PATH
}
