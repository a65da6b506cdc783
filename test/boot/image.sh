#!/bin/bash
# Makes the image of the boot test: a busybox root; litehouse's own code links it by the list of the node's own answer, and builds
# the initrd. Arguments: directory of the unpacked kernel package, TFTP directory, root image, answer.
set -euo pipefail
here=$(dirname "$0") kernel=$1 tftp=$2 root=$3 answer=$4

mkdir -p "$root"/{usr/bin,usr/sbin,etc/ssh,etc/init.d,opt/site,proc,sys,dev,run,tmp,var/log,var/lib/app/keep,root} "$tftp"
ln -s usr/bin "$root/bin"
ln -s usr/sbin "$root/sbin"
cp /bin/busybox "$root/usr/bin/"
for name in sh cat cut echo grep hostname ls mount readlink sed sleep sync tr uname wc; do ln -s busybox "$root/usr/bin/$name"; done
for file in motd issue ntp.conf hosts roflag rofile; do echo "image $file" >"$root/etc/$file"; done
for file in allow deny; do echo "image $file" >"$root/etc/hosts.$file"; done
echo 0 >"$root/etc/counter"
echo "id of the image" >"$root/etc/machine-id"
echo config >"$root/etc/ssh/image_config"
echo app >"$root/var/lib/app/conf"
echo keep >"$root/var/lib/app/keep/data"
cp "$here/../../core/image/node/statelite" "$root/etc/init.d/statelite"
cp "$here/node-init.sh" "$root/usr/sbin/init"
chmod 755 "$root/usr/sbin/init" "$root/etc/init.d/statelite"
node "$here/image.mjs" "$root" "$answer" "$kernel" "$tftp"
