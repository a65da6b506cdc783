#!/bin/bash
# every option word is written, read back, rebooted; the root is proven unwritable by the server; the word shell stops three times
# Read by lab/inside.sh. The image is external: a busybox root, links and initrd by litehouse's own code.
install=$world/install/netboot/debian12/x86_64/compute
boot_files=$world/tftpboot/xcat/netboot/debian12/x86_64/compute

start_house
clone_cluster
sed -i "s/panic=-1/panic=-1${WORDS:+ $WORDS}/" "$WORK/cluster/tables/linuximage.csv"
push_and_apply "The cluster of the boot test"
cp "$world/tftpboot/pxelinux.cfg/n01" "$LOG/boot-file"
sed 's/^/   /' "$LOG/boot-file"

"$HERE/image/busybox.sh" "$install/rootimg" "$HERE/image/words-init.sh"
node "$HERE/image/link.mjs" "$install/rootimg" "$LOG/answer-n01" "$KERNEL" "$boot_files"
# The node's local disk, for bind+localdisk.
truncate -s 16M "$WORK/disk.img"
mkfs.ext4 -q -L xcat-localdisk "$WORK/disk.img"
disk=(-drive "file=$WORK/disk.img,format=raw,if=virtio")
start_servers

# ---------------------------------------------------------------- two boots
for count in 1 2; do
  boot 1 "boot$count" "LITEHOUSE-MARKER node=n01 boots=$count" "${disk[@]}"
  show_figures "boot$count"
done
# The node reported each boot, with what it booted.
until_true 60 "the report of the second boot" reported n01 2
expect "the counter in the state directory is 2" test "$(cat "$world/state/lite/state/n01/etc/counter")" = 2
expect "the image is as it was" test "$(cat "$install/rootimg/.default/etc/motd")" = "image motd"
# Loader, boot file, kernel and initrd came from litehouse's TFTP: nothing else serves any.
show_served
well() { "$litehouse" doctor n01 --dir "$WORK/var" >"$LOG/doctor.log" 2>&1; }
expect "litehouse doctor finds nothing amiss" well

# ---------------------------------------------------------------- the word shell, and the negative control
# With the export read-write the node has to see that it can write: else the two boots above proved nothing.
sed 's/Access_Type = RO;/Access_Type = RW;/g' "$world/exports.d/litehouse.ganesha.conf" >"$WORK/writable.conf"
expect "the control has another export" test "$(grep -c 'Access_Type = RW;' "$WORK/writable.conf")" -ge 3
restart_nfs "$WORK/writable.conf"
# With a person at the console: started as a loader would, with the words of the boot file and two more.
mkfifo "$WORK/keys"
exec 5<>"$WORK/keys"
words=$(sed -n 's/^ *APPEND initrd=[^ ]* //p' "$LOG/boot-file")
KEYS=$WORK/keys power_on 1 boot3 "${disk[@]}" -kernel "$boot_files/kernel" -initrd "$boot_files/initrd.gz" \
  -append "$words BOOTIF=01-$(mac_of 1 | tr : -) shell"
for stop in 1 2 3; do
  wait_console boot3 "stop $stop of 3"
  # Typed as a person would, once the prompt is there.
  sleep 1
  printf 'echo at stop %s: $((40 + %s)), $(grep -c "sysroot" /proc/mounts) mounts\nexit\n' $stop $stop >&5
  wait_console boot3 "^at stop $stop: 4$stop, [0-9]* mounts"
done
wait_off 1
exec 5>&-
show_console boot3 '^at stop' | grep -E 'stop|BAD|LITEHOUSE'
expect "the node that has a writable export sees that, and nothing else is amiss" \
  test "$(tr -d '\r' <"$LOG/boot3.log" | grep -a '^\[node\] BAD')" = "[node] BAD: the export of the root is writable"
