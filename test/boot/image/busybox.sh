#!/bin/bash
# Lays out a busybox root for a node: busybox.sh ROOT INIT.
set -euo pipefail
here=$(dirname "$0") root=$1

mkdir -p "$root"/{usr/bin,usr/sbin,usr/share,etc/ssh,etc/init.d,opt/site,proc,sys,dev,run,tmp,var/log,var/lib/app/keep,var/lib/lab,root}
ln -s usr/bin "$root/bin"
ln -s usr/sbin "$root/sbin"
cp /bin/busybox "$root/usr/bin/"
for name in sh cat cut echo grep hostname ls mount readlink sed sleep sync tr uname wc; do ln -s busybox "$root/usr/bin/$name"; done
for file in motd issue ntp.conf hosts roflag rofile; do echo "image $file" >"$root/etc/$file"; done
for file in allow deny; do echo "image $file" >"$root/etc/hosts.$file"; done
printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/sh' >"$root/etc/passwd"
echo 0 >"$root/etc/counter"
echo "id of the image" >"$root/etc/machine-id"
echo config >"$root/etc/ssh/image_config"
echo app >"$root/var/lib/app/conf"
echo keep >"$root/var/lib/app/keep/data"
echo once >"$root/etc/lab-mode"
echo "live 0." >"$root/usr/share/live"
echo "tool of the image" >"$root/usr/share/tool"
cp "$here/../../../core/image/node/statelite" "$root/etc/init.d/statelite"
cp "$2" "$root/usr/sbin/init"
chmod 755 "$root/usr/sbin/init" "$root/etc/init.d/statelite"
