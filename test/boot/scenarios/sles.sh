#!/bin/bash
# an image that the sles plugin made by zypper from RPMs boots; the same for rh, by dnf, is `rooms`
# needs: zypper:zypper rpmbuild:rpm createrepo_c:createrepo-c
small_cluster sles15.5
rpm_packages "$repository"
push "A cluster of SLES"
wait_built
start_servers
boot 1 n01 "LITEHOUSE-MARKER node=n01 boots=1"
sound n01
expect_said n01 motd "motd of hall 1"
expect_said n01 release packages
