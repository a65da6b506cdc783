#!/usr/bin/busybox sh
# /sbin/init of the small images: says what the node is, counts its boots, and does what /etc/lab-mode says. Its programs are
# busybox's, so that it is the same in an image of any distribution.
b() { busybox "$@"; }
show() { echo "[node] $1: $(b cat "$2" 2>&1 | b head -n 1)"; }
# Whether it was started as the first process, or by an init of the distribution.
up=$(b cut -d' ' -f1 /proc/uptime)
echo "[node] $(b hostname) on $(b uname -r), up ${up}s"
boots=$(($(b cat /var/lib/lab/boots 2>/dev/null || echo 0) + 1))
echo $boots >/var/lib/lab/boots || echo "[node] BAD: the persistent directory is not writable"
show motd /etc/motd
show issue /etc/issue
show tool /usr/share/tool
show release /etc/lab-release
(echo x >/usr/share/new) 2>/dev/null && echo "[node] BAD: the root is writable"
b mount -o remount,rw / 2>/dev/null
(echo x >/usr/share/new) 2>/dev/null && echo "[node] BAD: the export of the root is writable"
b mount -o remount,ro / 2>/dev/null
# On the server the directory that holds the root is shut to all but root; who uses a node is below it.
[ "$(b su -s /bin/sh nobody -c 'cat /etc/passwd' 2>&1)" = "$(b cat /etc/passwd)" ] || echo "[node] BAD: other users than root cannot read the root"
[ "$(b grep -c FAILED /.statelite/statelite.log)" = 0 ] || b grep FAILED /.statelite/statelite.log
b sed 's/^/[nfs] /' /proc/self/mountstats
echo "LITEHOUSE-MARKER node=$(b hostname) boots=$boots"

[ "$(b cat /etc/lab-mode 2>/dev/null)" != run ] || . /srv/run

# Once a second: what files say that are opened anew, and what the open ones give, read from the server and from no cache; and at last
# all that they still have.
held() { b head -c 4096 <&"$1" 2>&1 | b head -n 1; }
rest() {
  other=$(b cat <&"$1" 2>&1 | b grep -vxFm 1 "$2")
  echo "[watch] $2 to the end: $(b sed -n 's/^pos:[^0-9]*//p' "/proc/self/fdinfo/$1") bytes${other:+, and: $other}"
}
if [ "$(b cat /etc/lab-mode 2>/dev/null)" = watch ]; then
  exec 3</usr/share/live
  overlay=
  [ ! -s /usr/share/overlay ] || { overlay=yes && exec 4</usr/share/overlay; }
  # Its word for: without a line on the console each time.
  echo 4 >/proc/sys/vm/drop_caches
  for round in $(b seq 900); do
    echo 3 >/proc/sys/vm/drop_caches
    issue=$(b cat /etc/issue 2>&1) live=$(b head -n 1 /usr/share/live 2>&1)
    echo "[watch] $round issue='$issue' live='$live' held='$(held 3)'${overlay:+ overlay='$(b head -n 1 /usr/share/overlay 2>&1)' kept='$(held 4)'} tool='$(b cat /usr/share/tool 2>&1)' $(b ls /usr/share | b tr '\n' ' ')"
    case "$issue $live" in *'to the end live 0'*) break ;; esac
    b sleep 1
  done
  rest 3 'live 1.'
  [ -z "$overlay" ] || rest 4 'over 1.'
fi
b sync
b sleep 0.3
echo 1 >/proc/sys/kernel/sysrq
echo o >/proc/sysrq-trigger
b sleep 10
