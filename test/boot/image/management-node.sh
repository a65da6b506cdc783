#!/bin/sh
# What the management node of scenario kernel-nfs does once it is up (/srv/run on its disk): the kernel's NFS server, litehouse, which
# finds on the disk what it made elsewhere, DHCP; and each time a line is typed at its console a push.
export PATH=/srv/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@cluster.example GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@cluster.example
own=10.77.0.11 house=/srv/house litehouse=/srv/litehouse
say() { echo "[mn] $(busybox cut -d' ' -f1 /proc/uptime)s $*"; }
told() { sed "s/^/[mn]   /"; }
wait_for() {
  until "$@" >/dev/null 2>&1; do sleep 0.5; done
}

say "$(node --version 2>&1), git $(git --version | cut -d' ' -f3)"
ip link set lo up
modprobe nfsd || say "no nfsd"
mount -t nfsd nfsd /proc/fs/nfsd
mkdir -p /run/rpcbind /var/lib/nfs/sm /var/lib/nfs/v4recovery
pidof rpcbind >/dev/null || rpcbind -w
cat >$house/litehouse.json <<J
{ "nodeListen": "$own:3001", "adminListen": "127.0.0.1:3080", "tftpListen": "$own:69", "images": "rows", "reloads": true,
  "plugins": { "nfs-exports": { "form": "kernel" }, "dnsmasq": { "serve": true, "restart": ["true"], "reload": ["true"] } } }
J
node $litehouse/dist/server/main.js serve --dir $house >/tmp/litehouse.log 2>&1 &
wait_for test -s $house/state/server.json
say "litehouse is up"
status() { busybox wget -q -O - http://127.0.0.1:3080/status; }
has_looked() { ! status | grep -q '"state":"applying"'; }
wait_for has_looked
status | grep -oE '"(id|state|nodes|waiting)":("[^"]*"|[0-9]+|\[[^]]*\])' | tr '\n' ' ' | told
echo
git clone --quiet http://127.0.0.1:3080/config.git /srv/clone
cd /srv/clone || exit 1
push() {
  git add --all
  git commit --quiet --message "$1"
  git push origin main 2>&1 | grep -E 'applied|error|warning|exportfs|reload' | told
  say "pushed: $1"
}
cp /srv/lib/* $house/world/tftpboot/
say "$(cat /etc/exports.d/litehouse.exports | grep -v '^#' | tr '\n' ' ')"
rpc.nfsd 4
rpc.mountd
exportfs -v | told
cat >/tmp/dnsmasq.conf <<D
port=0
user=root
leasefile-ro
interface=eth0
bind-interfaces
dhcp-authoritative
no-ping
dhcp-option=encap:175,176,1b
conf-file=$house/world/dnsmasq/litehouse.conf
D
dnsmasq --conf-file=/tmp/dnsmasq.conf --log-facility=/tmp/dnsmasq.log --pid-file=/tmp/dnsmasq.pid
say "nfsd: $(cat /proc/fs/nfsd/threads) threads, versions $(cat /proc/fs/nfsd/versions)"
echo "[mn] ready"

read -r typed
echo "issue 2 of hall 2" >syncdirs/hall2/etc/issue
sed -i 's/ 1/ 2/' images/image/rootimg/usr/share/live syncdirs/hall2/usr/share/overlay
push "Another issue, another live file, another overlay"
read -r typed
echo "issue 3 of hall 2, to the end" >syncdirs/hall2/etc/issue
git rm --quiet -r images syncdirs/hall2/usr
push "Neither live file nor overlay"
sleep 600
