#!/bin/bash
# SLOF, the firmware of POWER machines, gets its address by litehouse's DHCP lines and a yaboot node's files by litehouse's TFTP
# needs: qemu-system-ppc64:qemu-system-ppc
# slow
start_house
git clone --quiet $admin/config.git "$WORK/cluster"
git -C "$WORK/cluster" rm --quiet -r .
cp -a "$HERE/small/." "$WORK/cluster/"
sed -i 's/@os@/rhels5.5/; s/"x86_64"/"ppc64"/; s/"pxe"/"yaboot"/; s/"yes"/"no"/' "$WORK"/cluster/tables/*.csv
push "A cluster of POWER machines"
until_true 60 "the answer of n01" answered n01
start_servers
# Debian has no yaboot: what is fetched in its place is as large as it, and no program.
head -c 200000 /dev/urandom >"$world/tftpboot/yaboot"
files=xcat/netboot/rhels5.5/ppc64/compute
mkdir -p "$world/tftpboot/$files"
head -c 3000000 /dev/urandom >"$world/tftpboot/$files/kernel"
head -c 5000000 /dev/urandom >"$world/tftpboot/$files/initrd.gz"
cat "$world/tftpboot/etc/n01" | sed 's/^/   /'

mkfifo "$WORK/keys"
exec 5<>"$WORK/keys"
ip tuntap add tap1 mode tap
ip link set tap1 master br0
ip link set tap1 up
: >"$LOG/slof.log"
timeout "$LIMIT" qemu-system-ppc64 -accel tcg -M pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken -m 1024 -display none -vga none -monitor none \
  -serial stdio -netdev tap,id=n0,ifname=tap1,script=no,downscript=no -device "spapr-vlan,netdev=n0,mac=$(mac_of 1)" -boot n \
  <"$WORK/keys" >"$LOG/slof.log" 2>&1 &
machine=$!
# By DHCP alone: address, server and file are litehouse's lines.
wait_console slof 'TFTP: Received yaboot'
tell "ok: SLOF got the loader that DHCP names"
wait_console slof '^0 >'
# Each name that yaboot asks for, as an argument of Open Firmware.
for name in "yaboot.conf-$(mac_of 1 | tr : -)" etc/0a4d000b etc/n01 "$files/kernel" "$files/initrd.gz"; do
  before=$(lines slof 'TFTP: Received')
  printf 'boot net:10.77.0.1,%s,10.77.0.11\r' "${name//\//\\}" >&5
  more() { [ "$(lines slof 'TFTP: Received')" -gt "$before" ]; }
  until_true 120 "SLOF's request for $name" more
  tell "ok: $(tr -d '\r' <"$LOG/slof.log" | grep -a 'TFTP: Received' | tail -n 1 | tr -s ' ')"
  sleep 1
done
kill $machine
show_served
