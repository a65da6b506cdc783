/** The shell program that makes the root of a confined command and steps into it: host tools only, callers' words only as arguments. */

/**
 * Runs as the first process of new mount, pid, ipc, uts and net namespaces. Arguments, `network` being `no` or the address of a
 * name server: `view root network processes [ro|rw FROM TO | tree - TO]... run COMMAND [ARGUMENT]...`, where COMMAND drops capabilities and becomes `waitingProgram`.
 *
 * What shapes it: capabilities must go before the first program of the image runs, mounts must be made before that, and once `/` is
 * the image no tool in it may be run with what this process can do. So the command's process starts while `/` is still the host's,
 * drops its capabilities there and waits; `pivot_root` moves the roots of both processes; the old root is unmounted from outside
 * (confine.ts), and only then the waiting shell becomes the command. After the pivot this program uses nothing but shell builtins.
 * Being process 1 with capabilities that the command lacks, it can't be traced, read, stopped or killed by the command.
 *
 * Descriptor 3 talks for process 1, descriptor 4 for the waiting command.
 */
export const insideProgram = `
set -eu
umask 022
ulimit -c 0
ulimit -n 4096
read -r self rest < /proc/self/stat
echo "pid $self" >&3
view=$1 root=$2 network=$3 processes=$4
shift 4
# The first to go when memory ends, never the server.
echo 500 > /proc/self/oom_score_adj

fail() { echo "confine: $*" >&2; exit 125; }
bind() { # ro|rw FROM PLACE
  mount -i --bind "$2" "$3"
  mount -i -o "remount,bind,$1,nosuid,nodev" "$3"
}
# Makes the directory that something is mounted on. A link on the way would lead this program out into the host.
reach() { # PATH MODE
  at=$new left=$1
  while [ -n "$left" ]; do
    part=\${left%%/*}
    case $left in */*) left=\${left#*/} ;; *) left= ;; esac
    case $part in '') continue ;; . | ..) fail "$1 is no plain path" ;; esac
    at=$at/$part
    [ ! -L "$at" ] || fail "$at is a link: nothing is mounted there"
    [ -d "$at" ] || mkdir -m "$2" "$at"
  done
}
keep() { # files of the host's /etc as copies: what is written to them stays inside
  for name in "$@"; do
    [ -f "/etc/$name" ] || continue
    case $name in */*) mkdir -p "$new/etc/\${name%/*}" ;; esac
    cat "/etc/$name" > "$new/etc/$name"
  done
}
show() { # directories of the host's /etc
  for name in "$@"; do
    [ -d "/etc/$name" ] || continue
    mkdir -p "$new/etc/$name"
    bind ro "/etc/$name" "$new/etc/$name"
  done
}

# The new tree grows on /sys, in this mount namespace alone: it is there on every host, and nothing that is bound comes from it.
mount -i -t tmpfs -o mode=755,nosuid,nodev,size=64m,nr_inodes=20k tmpfs /sys
new=/sys/new
mkdir "$new"
case $view in
image) bind rw "$root" "$new" ;;
server)
  mount -i --bind "$new" "$new"
  for name in etc run usr var var/cache var/lib var/log; do mkdir "$new/$name"; done
  mkdir -m 700 "$new/root"
  mkdir -m 1777 "$new/var/tmp"
  bind ro /usr "$new/usr"
  for name in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$name" ]; then ln -s "$(readlink "/$name")" "$new/$name"
    elif [ -d "/$name" ]; then mkdir "$new/$name" && bind ro "/$name" "$new/$name"
    fi
  done
  # System accounts without their hashes; the people of this host are no business of a script.
  for name in passwd group; do
    while IFS=: read -r who word number tail; do
      case $number in '' | *[!0-9]*) continue ;; esac
      [ "$number" -lt 1000 ] || [ "$number" -eq 65534 ] || continue
      [ "$name" = passwd ] || tail=
      echo "$who:x:$number:$tail"
    done < "/etc/$name" > "$new/etc/$name"
  done
  keep nsswitch.conf ld.so.cache ld.so.conf login.defs os-release debian_version redhat-release SuSE-release services protocols
  show alternatives ld.so.conf.d crypto-policies
  if [ "$network" != no ]; then
    grep -E '^[[:space:]]*(search|domain|options)[[:space:]]' /etc/resolv.conf > "$new/etc/resolv.conf" || :
    echo "nameserver $network" >> "$new/etc/resolv.conf"
    keep hosts host.conf gai.conf ssl/openssl.cnf pki/tls/openssl.cnf
    show ssl/certs ca-certificates pki/tls/certs pki/ca-trust
  fi
  ;;
esac

reach /proc 555
reach /sys 555
reach /dev 755
reach /tmp 1777
mount -i -t proc -o nosuid,nodev,noexec proc "$new/proc"
# The pid namespace's own limit since Linux 6.14; before that the same file is the limit of the whole host, and stays as it is.
kernel=$(uname -r)
major=\${kernel%%.*} minor=\${kernel#*.}
minor=\${minor%%[!0-9]*}
if [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 14 ]; }; then
  echo "$processes" > "$new/proc/sys/kernel/pid_max"
fi
echo localhost > "$new/proc/sys/kernel/hostname"
for name in sys sysrq-trigger irq bus fs acpi scsi driver; do
  [ ! -e "$new/proc/$name" ] || bind ro "$new/proc/$name" "$new/proc/$name"
done
for name in kcore keys key-users timer_list sched_debug latency_stats; do
  [ ! -f "$new/proc/$name" ] || mount -i --bind /dev/null "$new/proc/$name"
done
mount -i -t tmpfs -o mode=555,ro,nosuid,nodev,noexec,size=4k tmpfs "$new/sys"
mount -i -t tmpfs -o mode=1777,nosuid,nodev,size=512m,nr_inodes=100k tmpfs "$new/tmp"
mount -i -t tmpfs -o mode=755,nosuid,noexec,size=64k,nr_inodes=64 tmpfs "$new/dev"
for name in null zero full random urandom tty; do
  : > "$new/dev/$name"
  mount -i --bind "/dev/$name" "$new/dev/$name"
done
mkdir "$new/dev/pts" "$new/dev/shm" "$new/dev/.old"
mount -i -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=0620,max=64 devpts "$new/dev/pts"
mount -i -t tmpfs -o mode=1777,nosuid,nodev,noexec,size=64m,nr_inodes=10k tmpfs "$new/dev/shm"
ln -s pts/ptmx "$new/dev/ptmx"
ln -s /proc/self/fd "$new/dev/fd"
ln -s /proc/self/fd/0 "$new/dev/stdin"
ln -s /proc/self/fd/1 "$new/dev/stdout"
ln -s /proc/self/fd/2 "$new/dev/stderr"

while [ "$1" != run ]; do
  if [ "$1" = tree ]; then
    for name in proc sys dev tmp; do
      reach "$3/$name" 755
      mount -i --rbind "$new/$name" "$new$3/$name"
    done
    shift 3
    continue
  fi
  if [ -d "$2" ]; then reach "$3" 755
  else
    reach "\${3%/*}" 755
    [ ! -L "$new$3" ] || fail "$3 is a link: nothing is mounted there"
    [ -e "$new$3" ] || : > "$new$3"
  fi
  bind "$1" "$2" "$new$3"
  shift 3
done
shift

# A job in the background would read from /dev/null.
exec 5<&0 < /dev/null
"$@" <&5 3>&- 5<&- &
job=$!
exec 4>&- 5<&-
read -r word <&3
cd "$new"
pivot_root . dev/.old
echo pivoted >&3
wait "$job"
`;

/** What drops its capabilities before the pivot and becomes the command after it. Arguments: working directory, command, its arguments. */
export const waitingProgram = `
echo ready >&4
read -r word <&4 || exit 125
exec 4>&-
cd "$1" || exit 125
shift
exec "$@"
`;
