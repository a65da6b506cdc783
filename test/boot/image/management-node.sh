#!/bin/sh
# What the management node of scenario kernel-nfs does once it is up (/srv/run on its disk): the kernel's NFS server, litehouse, a push
# to it, DHCP; and once a line is typed at its console another push.
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
{ "nodeListen": "$own:3001", "adminListen": "127.0.0.1:3080", "tftpListen": "$own:69", "images": "external", "reloads": true,
  "plugins": { "nfs-exports": { "form": "kernel" }, "dnsmasq": { "serve": true, "restart": ["true"], "reload": ["true"] } } }
J
node $litehouse/dist/server/main.js serve --dir $house >/tmp/litehouse.log 2>&1 &
wait_for test -s $house/state/server.json
say "litehouse is up"
git clone --quiet http://127.0.0.1:3080/config.git /srv/clone
cd /srv/clone || exit 1
git rm --quiet -r .
cp -a /srv/cluster/. .
push() {
  git add --all
  git commit --quiet --message "$1"
  git push origin main 2>&1 | grep -E 'applied|error|warning|exportfs|reload' | told
  commit=$(git rev-parse HEAD)
}
push "The second machine"
answered() { busybox wget -q -O /tmp/answer http://127.0.0.1:3080/nodes/n02/answer && grep -q "^commit.$commit$" /tmp/answer; }
wait_for answered
files=$house/world/install/netboot/debian12/x86_64/compute
mkdir /tmp/root
mount --bind / /tmp/root
node $litehouse/test/boot/image/link.mjs $files/rootimg /tmp/answer /tmp/root $house/world/tftpboot/xcat/netboot/debian12/x86_64/compute 2>&1 | told
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
sed -i 's/live 1/live 2/' syncdirs/hall2/usr/share/live
push "Another issue, another live file"
echo "[mn] pushed"
sleep 600
