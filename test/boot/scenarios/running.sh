#!/bin/bash
# a node that runs sees a pushed change of an ro file, and of a live file of its image; what it has open does not go stale
# needs: dnf:dnf rpmbuild:rpm createrepo_c:createrepo-c
small_cluster rhels9.4
rpm_packages "$repository"
echo watch | write syncdirs/hall1/etc/lab-mode
long_file "live 1." images/image/rootimg/usr/share/live
push "A live file over the package's"
wait_built
start_servers
power_on 1 n01
wait_console n01 "\[watch\] 3 issue='issue 1 of hall 1' live='live 1\.'"

echo "issue 2 of hall 1" | write syncdirs/hall1/etc/issue
long_file "live 2." images/image/rootimg/usr/share/live
push "Another issue, and another live file"
tell "pushed while the node runs"
wait_console n01 "issue='issue 2 of hall 1'"
tell "ok: the node sees the ro file's new content, without a reboot"
wait_console n01 "live='live 2\."
tell "ok: the node sees the live file's new content"
(cd "$WORK/cluster" && git rm --quiet -r images)
echo "issue 3 of hall 1, to the end" | write syncdirs/hall1/etc/issue
push "No live file any more"
wait_console n01 "live='live 0"
tell "ok: the file of the package is back"
wait_off 1
show_watched n01
read_on n01
