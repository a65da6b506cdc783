#!/bin/busybox sh
# The boot program of the spike: first process of the initrd, busybox alone. It mounts the root, asks litehouse once for the
# node's whole answer, mounts trees and state, lays out what the litefile list says, and hands over to the image's own init.
/bin/busybox --install -s /bin
export PATH=/bin
umask 022
tab=$(printf '\t')

say() { echo "[initrd] $(cut -d' ' -f1 /proc/uptime)s $*"; }
die() {
  say "STOPPED: $*"
  echo LITEHOUSE-BAD
  poweroff -f
}
# Every step of the layout is told to the log that the node keeps.
log() { echo "$(cut -d' ' -f1 /proc/uptime) $*" >>"$S/statelite.log"; }
step() { log "$*"; "$@" 2>>"$S/statelite.log" || log "FAILED: $*"; }

# A whole number below $1 that differs from node to node.
jitter() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); }

# nfs SERVER PATH MOUNTPOINT OPTIONS
nfs() {
  mkdir -p "$3"
  mount -i -t nfs -o "$4,vers=3,nolock,noacl,proto=tcp,mountproto=tcp,addr=$1,mountaddr=$1" "$1:$2" "$3"
}

# ---------------------------------------------------------------- kernel line, modules, network
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
say "started"
NFSROOT='' XCAT='' LHGEN='' STATEMNT=''
for word in $(cat /proc/cmdline); do
  case $word in
    NFSROOT=*) NFSROOT=${word#*=} ;;
    XCAT=*) XCAT=${word#*=} ;;
    LHGEN=*) LHGEN=${word#*=} ;;
    STATEMNT=*) STATEMNT=${word#*=} ;;
  esac
done
[ -n "$NFSROOT" ] && [ -n "$XCAT" ] || die "the kernel line has no NFSROOT or no XCAT"
while read -r module; do insmod "/modules/$module" || die "insmod $module"; done </modules.order
tries=0
until [ -e /sys/class/net/eth0 ] || [ $tries -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
ip link set lo up
ip link set eth0 up
cat >/lease.sh <<'L'
#!/bin/sh
[ "$1" = bound ] && ip addr add "$ip/${mask:-24}" dev "$interface" && { [ -z "$router" ] || ip route add default via "${router%% *}"; }
exit 0
L
chmod 755 /lease.sh
udhcpc -i eth0 -n -q -f -t 10 -T 2 -s /lease.sh >/dev/null 2>&1 || die "no DHCP lease"

# ---------------------------------------------------------------- root, read-only
N=/sysroot
S=$N/.statelite
tries=0
until nfs "${NFSROOT%%:*}" "${NFSROOT#*:}/rootimg" $N ro; do
  tries=$((tries + 1))
  [ $tries -lt 5 ] || die "cannot mount the root $NFSROOT/rootimg"
  sleep $((tries + $(jitter 5)))
done
[ -d $S ] || die "the image has no /.statelite: it was not prepared for statelite"
mount -t tmpfs -o mode=755 tmpfs $S
mkdir $S/tmpfs $S/mnt $S/persistent

# ---------------------------------------------------------------- the answer: once, whole, or not at all
whole() { # the first line names the format, the last one counts the lines before it
  [ "$(head -n 1 "$1")" = "litehouse${tab}1" ] &&
    [ "$(tail -n 1 "$1")" = "end${tab}$(($(wc -l <"$1") - 1))" ]
}
wait=1
# Not wget's own -T: it crashes the static busybox 1.35 of Debian 12.
until timeout 10 wget -q -O $S/answer "http://$XCAT/answer?generation=$LHGEN&always=200" && whole $S/answer; do
  pause=$((wait + $(jitter $((wait + 1)))))
  say "no whole answer from $XCAT yet: again in ${pause}s"
  sleep $pause
  [ $wait -ge 32 ] || wait=$((wait * 2))
done
field() { sed -n "s/^$1$tab//p" $S/answer | head -n 1; }
refusal=$(field refusal)
[ -z "$refusal" ] || die "litehouse refuses this node: $refusal"
NODE=$(field node)
[ -n "$NODE" ] || die "the answer names no node"
hostname "$NODE"
say "answer: node $NODE commit $(field commit) generation $(field generation)"

# ---------------------------------------------------------------- trees and state
mounted=0
: >/trees
sed -n "s/^absent$tab/no such tree on the server: /p" $S/answer >>$S/statelite.log
while IFS=$tab read -r word priority whose server path options; do
  [ "$word" = tree ] || continue
  if [ "$server" = - ]; then echo "$path" >>/trees; continue; fi
  at=/.statelite/mnt/$mounted
  tries=0
  until nfs "$server" "$path" $N$at "ro${options:+,$options}" 2>>$S/statelite.log; do
    tries=$((tries + 1))
    [ $tries -lt 3 ] || break
    sleep 1
  done
  if [ $tries -lt 3 ]; then
    log "tree $priority $whose $server:$path on $at"
    echo "$at" >>/trees
    mounted=$((mounted + 1))
  else
    say "tree $server:$path cannot be mounted: going on without it"
    log "FAILED: tree $priority $whose $server:$path"
  fi
done <$S/answer

P=/.statelite/persistent/$NODE
state=
while IFS=$tab read -r word server path options; do
  [ "$word" = statemnt ] || continue
  state=$server:$path
  more=rw${options:+,$options}
  if ! nfs "$server" "$path/$NODE" $N$P "$more" 2>/dev/null; then
    # The first boot against a server that litehouse does not keep: make the node's directory through its parent.
    nfs "$server" "$path" /parent "$more" || die "cannot mount the state $state"
    mkdir -p "/parent/$NODE"
    umount /parent
    nfs "$server" "$path/$NODE" $N$P "$more" || die "cannot mount the state $state/$NODE"
  fi
  log "state $state/$NODE on $P"
done <$S/answer
[ "$state" = "$STATEMNT" ] || log "the kernel line says STATEMNT=$STATEMNT, the answer says $state: the answer counts"

# ---------------------------------------------------------------- the litefile list
# first PATH: the first tree's copy, as a path of the booted node; nothing where no tree has it
first() {
  while read -r tree; do
    if [ -e "$N$tree$1" ]; then
      echo "$tree$1"
      return
    fi
  done </trees
}
# lay PATH TO: the content of PATH in a place of its own, from the first tree, else the image's own
lay() {
  source=$(first "$1")
  mkdir -p "${2%/*}"
  if [ -d "$N/.default$1" ] || [ -d "$N$source" ] && [ -n "$source" ]; then
    # A sparse tree never erases what the image has.
    mkdir -p "$2"
    [ ! -d "$N/.default$1" ] || step cp -a "$N/.default$1/." "$2/"
    [ -z "$source" ] || step cp -a "$N$source/." "$2/"
  elif [ -n "$source" ]; then
    step cp -aL "$N$source" "$2"
  elif [ -e "$N/.default$1" ]; then
    step cp -a "$N/.default$1" "$2"
  elif [ "$kindOf" = directory ]; then
    step mkdir -p "$2"
  else
    step touch "$2"
  fi
}
while IFS=$tab read -r kindOf kind path; do
  case $kindOf in file | directory) ;; *) continue ;; esac
  T=$S/tmpfs$path
  mkdir -p "${T%/*}"
  case $kind in
    link | bind) lay "$path" "$T" ;;
    link+persistent | bind+persistent)
      [ -e "$N$P$path" ] || lay "$path" "$N$P$path"
      [ $kind = bind+persistent ] || step ln -sfn "$P$path" "$T"
      ;;
    link+ro | bind+ro)
      source=$(first "$path")
      step ln -sfn "${source:-/.default$path}" "$T"
      ;;
    link+con | bind+con)
      : >"$T"
      [ ! -f "$N/.default$path" ] || cat "$N/.default$path" >>"$T"
      while read -r tree; do [ ! -f "$N$tree$path" ] || cat "$N$tree$path" >>"$T"; done </trees
      log "concatenated $T"
      ;;
    *) log "FAILED: $kind of $path is not done by the spike" ;;
  esac
  case $kind in
    bind | bind+con) step mount --bind "$T" "$N$path" ;;
    bind+persistent) step mount --bind "$N$P$path" "$N$path" ;;
  esac
done <$S/answer
say "laid out $(grep -c "^file$tab\|^directory$tab" $S/answer) entries, $mounted trees, state ${state:-none}"

for dir in proc sys dev; do mount --move /$dir $N/$dir; done
exec switch_root $N /sbin/init
