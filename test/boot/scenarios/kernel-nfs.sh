#!/bin/bash
# a machine with Debian's kernel is the management node: the whole of litehouse in it, exports.d, exportfs and the kernel's NFS server; a second one boots from it
# debs: linux-image-cloud-amd64 sysvinit-core busybox-static netbase nfs-kernel-server git dnsmasq-base iproute2 kmod
# Our own litehouse makes the first machine's image, and its disk has what a management node has: node, litehouse, the second's image.
debian_cluster linux-image-cloud-amd64 sysvinit-core busybox-static netbase nfs-kernel-server git dnsmasq-base iproute2 kmod libstdc++6
for row in n02 n03; do sed -i "/^\"$row\"/d" "$WORK"/cluster/tables/{nodelist,mac}.csv; done
echo run | write syncdirs/hall1/etc/lab-mode
printf '"ALL","%s","%s",,\n' /srv/ localdisk /var/lib/nfs/ '' /var/lib/misc/ '' /tmp/ '' /root/ '' >>"$WORK/cluster/tables/litefile.csv"
# Where nodes look for things is where they lie: links, which mountd follows.
cat >>"$WORK/cluster/custom/netboot/debian/compute.postinstall" <<'P'
ln -s /srv/house/world/install "$root/install"
ln -s /srv/house/world/syncdirs "$root/syncdirs"
ln -s /srv/house/world/state/lite "$root/lite"
ln -s /srv/house/world/exports.d "$root/etc/exports.d"
: >"$root/etc/exports"
echo "live 0." >"$root/usr/share/live"
P
push "A management node"

disk=$WORK/disk/srv
image=$disk/house/world/install/netboot/debian12/x86_64/compute/rootimg
mkdir -p "$disk"/{house,bin,lib,litehouse/node_modules,litehouse/test} "$(dirname "$image")"
cp "$HERE/image/management-node.sh" "$disk/run"
cp "$(readlink -f "$(command -v node)")" "$disk/bin/node"
cp -a "$HERE/../../"{bin,dist,core,repo-template,package.json} "$disk/litehouse/"
cp -a "$HERE" "$disk/litehouse/test/boot"
(
  cd "$HERE/../.."
  npm ls --omit=dev --parseable --all 2>/dev/null | sed "1d; s,^$PWD/,," | xargs -d '\n' cp -a --parents -t "$disk/litehouse"
)
cp /usr/lib/PXELINUX/pxelinux.0 /usr/lib/syslinux/modules/bios/ldlinux.c32 "$disk/lib/"
# The cluster of the inner litehouse: the second machine in the second hall, its image an external one.
cp -a "$HERE/small" "$disk/cluster"
sed -i 's/@os@/debian12/; s/10\.77\.0\.1"/10.77.0.11"/g; s/"yes"/"no"/; /^"n01"/d; /^"n03"/d' "$disk"/cluster/tables/*.csv
sed -i 's/"10.77.0.1:/"10.77.0.11:/' "$disk"/cluster/tables/*.csv
printf '"ALL","/usr/share/live","ro",,\n' >>"$disk/cluster/tables/litefile.csv"
mkdir -p "$disk/cluster/syncdirs/hall2/usr/share"
echo watch >"$disk/cluster/syncdirs/hall2/etc/lab-mode"
awk 'BEGIN { while (n++ < 500000) print "live 1." }' >"$disk/cluster/syncdirs/hall2/usr/share/live"
"$HERE/image/busybox.sh" "$image" "$HERE/image/lab-init.sh"
truncate -s 2G "$WORK/mn.img"
mkfs.ext4 -q -L xcat-localdisk -d "$WORK/disk" "$WORK/mn.img"
rm -rf "$WORK/disk"
wait_built
start_servers

mkfifo "$WORK/keys"
exec 5<>"$WORK/keys"
MEMORY=1536 KEYS=$WORK/keys power_on 1 mn -cpu max -drive "file=$WORK/mn.img,format=raw,if=virtio"
wait_console mn "LITEHOUSE-MARKER"
tell "the management node is up"
wait_console mn "^\[mn\] ready"
show_console mn '^\[mn\]' | grep '\[mn\]'
# What serves the second machine is the first. The other DHCP server of this network knows nothing of it, and is to be silent.
sed -i /dhcp-authoritative/d "$WORK/dnsmasq.conf"
systemctl restart dnsmasq
power_on 2 n02
wait_console n02 "\[watch\] 3 "
show_console n02
show_figures n02
sound n02
expect_said n02 motd "motd of hall 2"
expect "its root came from the kernel's server" grep -aq 'root 10.77.0.11:/install.* is mounted' "$LOG/n02.log"

echo >&5
wait_console mn "^\[mn\] pushed"
wait_console n02 "issue='issue 2 of hall 2'"
tell "ok: the node sees the ro file's new content, through the kernel's server"
wait_console n02 "live='live 2\.'"
last=$(lines n02 '^.watch')
wait_console n02 "\[watch\] $((last + 5)) "
power_off 2
expect "the file that was replaced was read on, from the first one, to the end" \
  test "$(lines n02 "held='[^']*'" "held='live 1.")" = 0
expect "nothing was stale" test "$(lines n02 '[Ss]tale|I/O error')" = 0
power_off 1
