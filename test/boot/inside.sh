#!/bin/bash
# The part of the boot test that runs inside the namespaces: litehouse, TFTP, DHCP, NFS, and the machine that boots.
set -euo pipefail
server=10.77.0.1 mac=52:54:00:aa:00:01 world=$WORK/var/world
started=$(date +%s%N)
tell() { printf '%6.1fs  %s\n' "$(((($(date +%s%N) - started) / 100000000)))e-1" "$*"; }
# until_true SECONDS WHAT COMMAND…: waits for a command to succeed
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "$what: not within the time" >&2 && tail -n 20 "$LOG"/*.log >&2 && exit 1; }
    sleep 0.1
  done
}
listening() { ss -Hlnt "sport = :$1" | grep -q .; }

ip link set lo up
ip tuntap add tap0 mode tap
ip addr add $server/24 dev tap0
# iPXE waits 15 s for an IPv6 router where there is none.
ip addr add fd77::1/64 dev tap0 nodad
ip link set tap0 up
mount -t tmpfs tmpfs /run

# ---------------------------------------------------------------- litehouse: started empty, filled by a push
. "$HERE/litehouse.sh"

# ---------------------------------------------------------------- what the administrator brings: image, loader
install=$world/install/netboot/debian12/x86_64/compute
"$HERE/image.sh" "$KERNEL" "$world/tftpboot/xcat/netboot/debian12/x86_64/compute" "$install/rootimg" "$LOG/answer"
[ -z "$INITRD" ] || cp "$INITRD" "$world/tftpboot/xcat/netboot/debian12/x86_64/compute/initrd.gz"
cp /usr/lib/PXELINUX/pxelinux.0 /usr/lib/syslinux/modules/bios/ldlinux.c32 "$world/tftpboot/"
# The node's local disk, for bind+localdisk.
truncate -s 16M "$WORK/disk.img"
mkfs.ext4 -q -L xcat-localdisk "$WORK/disk.img"
tell "image: root $(du -sh "$install/rootimg" | cut -f1), initrd $(du -h "$world/tftpboot/xcat/netboot/debian12/x86_64/compute/initrd.gz" | cut -f1)"

# ---------------------------------------------------------------- DHCP, TFTP and NFS
dnsmasq -k --conf-file=/dev/null -p 0 --user=root --pid-file= --leasefile-ro --log-facility=- --log-dhcp -i tap0 --bind-interfaces \
  --no-ping --dhcp-authoritative --dhcp-range=10.77.0.50,10.77.0.99,255.255.255.0 --dhcp-host=$mac,10.77.0.11 \
  --dhcp-boot=pxelinux.0 --dhcp-option=encap:175,176,1b --enable-ra --dhcp-range=fd77::,ra-stateless,64 \
  --enable-tftp --tftp-root="$world/tftpboot" >"$LOG/dnsmasq.log" 2>&1 &
rpcbind -w -f >"$LOG/rpcbind.log" 2>&1 &
until_true 10 rpcbind test -S /run/rpcbind.sock
# Clients ask for the logical path (/install); litehouse's own file says which one on this disk it stands for.
exports=$world/exports.d/litehouse.ganesha.conf
if [ "$BREAK" = rw-export ]; then
  sed 's/Access_Type = RO;/Access_Type = RW;/g' "$exports" >"$WORK/ganesha/exports.conf"
  exports=$WORK/ganesha/exports.conf
fi
cat >"$WORK/ganesha/ganesha.conf" <<G
NFS_CORE_PARAM { Bind_addr = $server; Protocols = 3,4; NFS_Port = 2049; MNT_Port = 20048; Mount_Path_Pseudo = true; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
NFSV4 { Graceless = true; RecoveryBackend = fs; RecoveryRoot = "$WORK/ganesha"; Only_Numeric_Owners = true; }
NFS_KRB5 { Active_krb5 = false; }
LOG { Default_Log_Level = EVENT; }
%include "$exports"
G
ganesha.nfsd -F -L "$LOG/ganesha.log" -f "$WORK/ganesha/ganesha.conf" -p "$WORK/ganesha/pid" >/dev/null 2>&1 &
until_true 20 "NFS server" listening 2049
tell "DHCP, TFTP and NFS are up"

# ---------------------------------------------------------------- two boots
for boot in 1 2; do
  timeout "$LIMIT" qemu-system-x86_64 -accel tcg -m "$MEMORY" -display none -vga none -monitor none -no-reboot -serial stdio \
    -netdev tap,id=n0,ifname=tap0,script=no,downscript=no -device virtio-net-pci,netdev=n0,mac=$mac \
    -drive file="$WORK/disk.img",format=raw,if=virtio -boot n \
    </dev/null >"$LOG/console$boot.log" 2>&1 || true
  tr -d '\r' <"$LOG/console$boot.log" | grep -aE '^\[(initrd|statelite|node)\]|LITEHOUSE-' | sed "s/^/   boot $boot: /" || true
  grep -aq "LITEHOUSE-MARKER node=n01 boots=$boot" "$LOG/console$boot.log" || {
    tell "boot $boot FAILED"
    tail -n 15 "$LOG/console$boot.log"
    exit 1
  }
  tell "boot $boot done"
done
# The node reported each boot, with what it booted.
booted() { busybox wget -q -O - http://127.0.0.1:3080/reports/n01 | tee "$LOG/report" | grep -q '"stage": *"booted".*"boots": *2'; }
until_true 10 "the report of the second boot" booted
[ "$(cat "$world/state/lite/state/n01/etc/counter")" = 2 ] || { echo "the counter in the state directory is not 2" >&2 && exit 1; }
[ "$(cat "$install/rootimg/.default/etc/motd")" = "image motd" ] || { echo "the image changed" >&2 && exit 1; }
tell "both boots as they should be"

# ---------------------------------------------------------------- the word shell: three stops, with a person at the console
mkfifo "$WORK/keys"
console=$LOG/console3.log
: >"$console"
words=$(sed -n 's/^ *APPEND initrd=[^ ]* //p' "$LOG/boot-file")
timeout "$LIMIT" qemu-system-x86_64 -accel tcg -m "$MEMORY" -display none -vga none -monitor none -no-reboot -serial stdio \
  -netdev tap,id=n0,ifname=tap0,script=no,downscript=no -device virtio-net-pci,netdev=n0,mac=$mac \
  -drive file="$WORK/disk.img",format=raw,if=virtio -kernel "$world/tftpboot/xcat/netboot/debian12/x86_64/compute/kernel" \
  -initrd "$world/tftpboot/xcat/netboot/debian12/x86_64/compute/initrd.gz" \
  -append "$words BOOTIF=01-${mac//:/-} shell" <"$WORK/keys" >"$console" 2>&1 &
machine=$!
exec 5>"$WORK/keys"
for stop in 1 2 3; do
  until_true "$LIMIT" "stop $stop" grep -aq "stop $stop of 3" "$console"
  # Typed as a person would, once the prompt is there.
  sleep 1
  printf 'echo at stop %s: $((40 + %s)), $(grep -c "sysroot" /proc/mounts) mounts\nexit\n' $stop $stop >&5
  until_true 20 "the shell at stop $stop" grep -aq "^at stop $stop: 4$stop, [0-9]* mounts" "$console"
done
exec 5>&-
wait $machine || true
tr -d '\r' <"$console" | grep -aE '^\[statelite\].*stop|^at stop|LITEHOUSE-' | sed "s/^/   boot 3: /"
grep -aq "LITEHOUSE-MARKER node=n01 boots=3" "$console" || { tail -n 15 "$console" && exit 1; }
tell "stopped three times, and went on"
