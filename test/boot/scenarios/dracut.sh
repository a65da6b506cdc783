#!/bin/bash
# the same with an initrd that the image's own dracut made: some minutes, most of them dracut's
# debs: linux-image-cloud-amd64 sysvinit-core busybox-static netbase dracut dracut-network nfs-common isc-dhcp-client iputils-arping procps
# slow
debian_cluster linux-image-cloud-amd64 sysvinit-core busybox-static netbase dracut dracut-network nfs-common isc-dhcp-client iputils-arping procps
change 's/"small"/"dracut"/' tables/linuximage.csv
MEMORY=1024
push "A cluster of Debian, with dracut"
wait_built
start_servers
boot 1 boot1 "LITEHOUSE-MARKER node=n01 boots=1"
sound boot1
expect_said boot1 motd "motd of hall 1"
