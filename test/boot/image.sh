#!/bin/bash
# Makes the image of the boot test: litehouse's own initrd, and a busybox root, prepared for statelite by the files that
# the node's own answer lists. Arguments: directory of the unpacked kernel package, TFTP directory, root image, answer.
set -euo pipefail
here=$(dirname "$0") kernel=$1 tftp=$2 root=$3 answer=$4

# ---------------------------------------------------------------- the root
mkdir -p "$root"/{usr/bin,usr/sbin,etc/ssh,proc,sys,dev,run,tmp,var/log,root}
ln -s usr/bin "$root/bin"
ln -s usr/sbin "$root/sbin"
cp /bin/busybox "$root/usr/bin/"
for name in sh cat cut echo grep hostname ls mount sed sleep sync tr uname; do ln -s busybox "$root/usr/bin/$name"; done
for file in motd issue ntp.conf hosts roflag; do echo "image $file" >"$root/etc/$file"; done
echo "image allow" >"$root/etc/hosts.allow"
echo 0 >"$root/etc/counter"
echo config >"$root/etc/ssh/image_config"
cp "$here/node-init.sh" "$root/usr/sbin/init"
chmod 755 "$root/usr/sbin/init"

# ---------------------------------------------------------------- two levels of links, as liteimg makes them
mkdir -p "$root/.statelite/tmpfs" "$root/.default"
while IFS=$'\t' read -r what kind path; do
  case $what in file | directory) ;; *) continue ;; esac
  parent=$(dirname "$path")
  up=$(sed 's,^/,,; s,[^/][^/]*,..,g' <<<"$parent")
  mkdir -p "$root/.default$parent" "$root/.statelite/tmpfs$parent" "$root$parent"
  if [ ! -e "$root$path" ]; then if [ "$what" = directory ]; then mkdir "$root$path"; else touch "$root$path"; fi; fi
  case $kind in
    bind*) cp -a "$root$path" "$root/.default$path" ;;
    *)
      mv "$root$path" "$root/.default$path"
      ln -s "../../$up/.default$path" "$root/.statelite/tmpfs$path"
      ln -s "$up/.statelite/tmpfs$path" "$root$path"
      ;;
  esac
done <"$answer"

# ---------------------------------------------------------------- kernel and initrd, as litehouse builds them
mkdir -p "$tftp"
node "$here/initrd.mjs" "$kernel" "$tftp"
