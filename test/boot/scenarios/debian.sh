#!/bin/bash
# an image of Debian that the debian plugin made from Debian's own packages boots, with Debian's kernel, init and all
# debs: linux-image-cloud-amd64 sysvinit-core busybox-static netbase
debian_cluster linux-image-cloud-amd64 sysvinit-core busybox-static netbase
push "A cluster of Debian"
wait_built
start_servers
for count in 1 2; do
  boot 1 "boot$count" "LITEHOUSE-MARKER node=n01 boots=$count"
  show_figures "boot$count"
  sound "boot$count"
  expect_said "boot$count" motd "motd of hall 1"
  expect_said "boot$count" release "$(cat "$world/install/netboot/debian12/x86_64/compute/rootimg/etc/debian_version")"
done
show_served
