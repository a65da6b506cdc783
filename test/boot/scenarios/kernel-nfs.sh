#!/bin/bash
# a machine with Debian's kernel is the management node: all of litehouse, exports.d, exportfs and the kernel's NFS server; a second one boots from it, and what that holds open is read on while pushes replace and remove it: a live file of the image, a ro file
# debs: linux-image-cloud-amd64 sysvinit-core busybox-static netbase nfs-kernel-server git dnsmasq-base iproute2 kmod
# needs: dnf:dnf rpmbuild:rpm createrepo_c:createrepo-c
# Two machines of which one serves the other are slow on a busy machine.
LIMIT=1800

# The cluster of the inner litehouse: the second machine in the second hall. Its image is built out here, where dnf is, by a litehouse
# whose whole directory, with repository, state and world, then moves to the first machine's disk. (n01 would have that one's address.)
small_cluster rhels9.4
rpm_packages "$repository"
sed -i 's/10\.77\.0\.1"/10.77.0.11"/g; /^"n01"/d; /^"n03"/d' "$WORK"/cluster/tables/*.csv
printf '"ALL","/usr/share/overlay","ro",,\n' >>"$WORK/cluster/tables/litefile.csv"
echo watch | write syncdirs/hall2/etc/lab-mode
long_file "over 1." syncdirs/hall2/usr/share/overlay
long_file "live 1." images/image/rootimg/usr/share/live
push "The second machine"
wait_built n02
built=$(generation n02)
stop_house
disk=$WORK/disk/srv
mkdir -p "$disk"/{bin,lib,litehouse/node_modules}
mv "$WORK/var" "$disk/house"
rm -rf "$WORK/cluster"

# Another litehouse makes the first machine's image.
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
P
push "A management node"

# Its disk has what a management node has besides: node, litehouse, the loader.
cp "$HERE/image/management-node.sh" "$disk/run"
cp "$(readlink -f "$(command -v node)")" "$disk/bin/node"
cp -a "$HERE/../../"{bin,dist,core,repo-template,package.json} "$disk/litehouse/"
(
  cd "$HERE/../.."
  npm ls --omit=dev --parseable --all 2>/dev/null | sed "1d; s,^$PWD/,," | xargs -d '\n' cp -a --parents -t "$disk/litehouse"
)
cp /usr/lib/PXELINUX/pxelinux.0 /usr/lib/syslinux/modules/bios/ldlinux.c32 "$disk/lib/"
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
expect "litehouse found its image as it was built: applied, nothing is waiting" on_console mn \
  '"state":"applied" "nodes":1 "waiting":\[\]\( "id":"rh/[a-z]*-image@[0-9a-f]*" "state":"present"\)\{3\}'
# What serves the second machine is the first. The other DHCP server of this network knows nothing of it, and is to be silent.
sed -i /dhcp-authoritative/d "$WORK/dnsmasq.conf"
systemctl restart dnsmasq
power_on 2 n02
wait_console n02 "\[watch\] 3 issue='issue 1 of hall 2' live='live 1\.' held='live 1\.'"
show_console n02
show_figures n02
sound n02
expect_said n02 motd "motd of hall 2"
expect "its root is that image, from the kernel's server" on_console n02 "root 10.77.0.11:/install/.*/$built.* is mounted"

echo >&5
wait_console n02 "issue='issue 2 of hall 2'"
tell "ok: the node sees the ro file's new content, through the kernel's server"
wait_console n02 "live='live 2\."
tell "ok: the node sees the live file's new content"
echo >&5
wait_console n02 "live='live 0"
tell "ok: the live file is removed, the file of the package is back"
wait_off 2
power_off 1
show_watched n02
expect "the ro file was read on, from the first one, to the end" test "$(lines n02 'over 1. to the end: 4000000 bytes$')" = 1
read_on n02
