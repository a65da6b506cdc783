#!/bin/sh
# The image's own init in the boot test: looks at the node from inside, prints one marker, switches the machine off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
ok=1
bad() { echo "[node] BAD: $*"; ok=0; }
same() { # same WHAT WANTED FOUND
  [ "$2" = "$3" ] && echo "[node] $1: $3" || bad "$1 is '$3', not '$2'"
}
oneline() { tr '\n' '/' <"$1" | sed 's,/$,,'; }
echo "[node] $(hostname) on $(uname -r), up $(cut -d' ' -f1 /proc/uptime)s"
boots=$(($(cat /etc/counter) + 1))

# ---------------------------------------------------------------- where contents come from
same "link: motd, from the node's own tree" "motd of n01" "$(cat /etc/motd)"
same "link: issue, from the room's tree" "hall one" "$(cat /etc/issue)"
same "link: ntp.conf, which no tree has" "image ntp.conf" "$(cat /etc/ntp.conf)"
same "link: ssh, the image's and the tree's files" "image_config room_key" "$(echo $(ls /etc/ssh))"
same "link+con: hosts.allow" "image allow/node allow/room allow" "$(oneline /etc/hosts.allow)"
same "bind+con: hosts.deny" "image deny/node deny/room deny" "$(oneline /etc/hosts.deny)"
same "bind: hosts, a mount in its place" "image hosts" "$(cat /etc/hosts)"
same "link+ro: roflag" "read-only, from the room" "$(cat /etc/roflag)"
same "bind+ro: rofile, a link into the tree" "a live file, from the room" "$(cat /etc/rofile)"
same "bind+ro: the directory of the tree" "a live directory, from the room" "$(cat /opt/site/licence)"
case $(readlink /.statelite/tmpfs/etc/rofile) in /.statelite/mnt/10.77.0.1/syncdirs/*) ;; *) bad "rofile is no link into the tree" ;; esac
for at in /etc/hosts /etc/hosts.deny /etc/machine-id /opt/site /scratch; do
  grep -q " $at " /proc/mounts || bad "$at is not mounted over its place"
done

# ---------------------------------------------------------------- what can be written, and what of it lasts
# wrote FILE HOW-OFTEN: writes once more, and counts.
wrote() {
  echo "written by the node" >>"$1" || bad "$1 is not writable"
  [ "$(grep -c 'written by the node' "$1")" = "$2" ] || bad "$1 was written $(grep -c written "$1") times, not $2"
}
for file in /etc/motd /etc/issue /etc/ssh/new /etc/hosts /etc/hosts.allow /etc/hosts.deny /var/lib/app/conf /var/lib/app/keep/cache; do
  wrote $file 1
done
echo "[node] fresh at each boot: link, link+con, bind, bind+con, nested"
for file in /etc/machine-id /scratch/file /var/lib/app/keep/data; do wrote $file $boots; done
echo $boots >/etc/counter || bad "/etc/counter is not writable"
same "kept: link+persistent, bind+persistent, bind+localdisk, nested; boot" "$boots" "$(cat /.statelite/persistent/n01/etc/counter)"
for file in /etc/roflag /etc/rofile /opt/site/licence /opt/site/new; do
  (echo x >>$file) 2>/dev/null && bad "$file is writable"
done
echo "[node] refused: link+ro, bind+ro of a file and of a directory"

(echo x >/etc/new) 2>/dev/null && bad "the root is writable"
# The mount says ro; whether the export does, too, shows only once the mount does not.
mount -o remount,rw / 2>/dev/null
(echo x >/etc/new) 2>/dev/null && bad "the export of the root is writable" || echo "[node] the root is read-only, mount and export"
if grep -q FAILED /.statelite/statelite.log; then bad "steps failed"; grep FAILED /.statelite/statelite.log; fi
same "the copy of the boot program does nothing" 1 "$(/etc/init.d/statelite start | grep -c 'for reading')"

# What the node's own kernel counted of this boot.
sed 's/^/[nfs] /' /proc/self/mountstats
if [ $ok = 1 ]; then echo "LITEHOUSE-MARKER node=$(hostname) boots=$boots"; else echo LITEHOUSE-BAD; fi
sync
sleep 0.3
echo 1 >/proc/sys/kernel/sysrq
echo o >/proc/sysrq-trigger
sleep 10
