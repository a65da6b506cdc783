#!/bin/sh
# The image's own init in the boot test: looks at the node from inside, prints one marker, switches the machine off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
ok=1
bad() { echo "[node] BAD: $*"; ok=0; }
same() { # same WHAT WANTED FOUND
  [ "$2" = "$3" ] && echo "[node] $1: $3" || bad "$1 is '$3', not '$2'"
}
echo "[node] $(hostname) on $(uname -r), up $(cut -d' ' -f1 /proc/uptime)s"
same "motd, from the node's own tree" "motd of n01" "$(cat /etc/motd)"
same "issue, from the room's tree" "hall one" "$(cat /etc/issue)"
same "ntp.conf, which no tree has" "image ntp.conf" "$(cat /etc/ntp.conf)"
same "hosts.allow, concatenated" "image allow/node allow/room allow" "$(tr '\n' '/' </etc/hosts.allow | sed 's,/$,,')"
same "ssh, the image's and the tree's files" "image_config room_key" "$(echo $(ls /etc/ssh))"
same "hosts, a bind mount" "image hosts" "$(cat /etc/hosts)"

echo "written by the node" >>/etc/motd || bad "/etc/motd is not writable"
grep -q written /etc/motd || bad "/etc/motd did not take what was written"
echo "written by the node" >>/etc/hosts || bad "/etc/hosts is not writable"
echo x >/etc/ssh/new || bad "/etc/ssh is not writable"
(echo x >>/etc/roflag) 2>/dev/null && bad "/etc/roflag is writable"
same "roflag, a link into the tree" "read-only, from the room" "$(cat /etc/roflag)"

count=$(cat /etc/counter)
echo $((count + 1)) >/etc/counter || bad "/etc/counter is not writable"
same "the counter is kept in the state directory" "$((count + 1))" "$(cat /.statelite/persistent/n01/etc/counter)"

(echo x >/etc/new) 2>/dev/null && bad "the root is writable"
# The mount says ro; whether the export does, too, shows only once the mount does not.
mount -o remount,rw / 2>/dev/null
(echo x >/etc/new) 2>/dev/null && bad "the export of the root is writable" || echo "[node] the root is read-only, mount and export"
if grep -q FAILED /.statelite/statelite.log; then bad "steps failed"; grep FAILED /.statelite/statelite.log; fi

if [ $ok = 1 ]; then echo "LITEHOUSE-MARKER node=$(hostname) boots=$((count + 1))"; else echo LITEHOUSE-BAD; fi
sync
sleep 0.3
echo 1 >/proc/sys/kernel/sysrq
echo o >/proc/sysrq-trigger
sleep 10
