#!/bin/bash
# a node that runs sees a pushed change of an ro file, and of a live file of its image; what it has open does not go stale
# needs: dnf:dnf rpmbuild:rpm createrepo_c:createrepo-c
# Lines of eight letters, so that each read of the open file begins with its first words; long enough to be read for minutes.
live_file() { awk -v line="live $1." 'BEGIN { while (n++ < 500000) print line }' | write images/image/rootimg/usr/share/live; }

small_cluster rhels9.4
rpm_packages "$repository"
echo watch | write syncdirs/hall1/etc/lab-mode
live_file 1
push "A live file over the package's"
wait_built
start_servers
power_on 1 n01
wait_console n01 "\[watch\] 3 issue='issue 1 of hall 1' live='live 1\.'"

echo "issue 2 of hall 1" | write syncdirs/hall1/etc/issue
live_file 2
push "Another issue, and another live file"
tell "pushed while the node runs"
wait_console n01 "issue='issue 2 of hall 1'"
tell "ok: the node sees the ro file's new content, without a reboot"
wait_console n01 "live='live 2\."
tell "ok: the node sees the live file's new content"
(cd "$WORK/cluster" && git rm --quiet -r images)
push "No live file any more"
wait_console n01 "live='live 0"
tell "ok: the file of the package is back"
# Some rounds more, with what it opened before all that.
last=$(lines n01 '^.watch')
wait_console n01 "\[watch\] $((last + 5)) "
power_off 1
grep -a '^\[watch\]' "$LOG/n01.log" | tr -d '\r' | cut -c1-150 | awk '{ key = $3 $4 $5 $6 $7 $8 } key != before { print "   n01: " $0 } { before = key }'
expect "what it held open was read on, from the first file, to the end" \
  test "$(lines n01 "held='[^']*'" "held='live 1.")" = 0
expect "nothing was stale" test "$(lines n01 '[Ss]tale|I/O error')" = 0
