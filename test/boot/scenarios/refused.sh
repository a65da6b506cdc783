#!/bin/bash
# a node that the policy table refuses, and a machine that is no node: their consoles say what and where; mended, they go on by themselves
# needs: dnf:dnf rpmbuild:rpm createrepo_c:createrepo-c
small_cluster rhels9.4
rpm_packages "$repository"
# Unknown machines get an address, as in many clusters.
sed -i '2s/\(.*"10.77.0.1","10.77.0.1",,\),/\1"10.77.0.200-10.77.0.220",/' "$WORK/cluster/tables/networks.csv"
push "Three nodes in two halls"
wait_built
printf '"1.1",,,"litefile","n02",,,"deny","under repair",\n' >>"$WORK/cluster/tables/policy.csv"
push "n02 is under repair"
start_servers
power_on 2 n02
words=$(sed -n 's/^ *APPEND initrd=[^ ]* //p' "$world/tftpboot/pxelinux.cfg/n01")
boot_files=$world/tftpboot/$(sed -n 's/^ *KERNEL \(.*\)\/kernel$/\1/p' "$world/tftpboot/pxelinux.cfg/n01")
power_on 9 stranger -kernel "$boot_files/kernel" -initrd "$boot_files/initrd.gz" -append "$words"
for console in n02 stranger; do
  wait_console $console "litehouse refuses this node"
  tr -d '\r' <"$LOG/$console.log" | grep -a 'refuses' | tail -n 1 | sed "s/^/   $console: /"
done
expect "the refusal of n02 names the row" grep -aq 'policy.csv:[0-9]*' "$LOG/n02.log"
address=$(tr -d '\r' <"$LOG/stranger.log" | sed -n 's/.*eth0 has //p')
expect "the refusal of the stranger names its address and the table" grep -aq "$address.*hosts.csv" "$LOG/stranger.log"

change '/under repair/d' tables/policy.csv
printf '"n04","hall1,compute,all",,\n' >>"$WORK/cluster/tables/nodelist.csv"
printf '"n04","%s",,,,\n' "$address" >>"$WORK/cluster/tables/hosts.csv"
push "n02 is repaired, and the stranger is n04"
for console in n02 stranger; do wait_console $console "LITEHOUSE-MARKER"; done
wait_off 2
wait_off 9
expect "both went on without a power cycle" grep -aq "LITEHOUSE-MARKER node=n04 boots=1" "$LOG/stranger.log"
