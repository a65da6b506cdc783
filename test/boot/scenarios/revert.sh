#!/bin/bash
# packages change while a node runs: it goes on undisturbed and has the new ones after a reboot; git revert, and the earlier state boots
# needs: dnf:dnf rpmbuild:rpm createrepo_c:createrepo-c
small_cluster rhels9.4
rpm_packages "$repository"
echo watch | write syncdirs/hall1/etc/lab-mode
push "The first state"
wait_built
first=$(generation n01)
start_servers
power_on 1 first
wait_console first "\[watch\] 2 "
expect_said first tool "tool 1"
expect_said first motd "motd of hall 1"

new_tool "$repository" 2
echo "another motd" | write syncdirs/hall1/etc/motd
push "Another motd"
"$litehouse" images update image --dir "$WORK/var" 2>&1 | sed 's/^/   /'
new_generation() { [ "$(generation n01)" != "$first" ]; }
until_true 600 "the new generation" new_generation
second=$(generation n01)
tell "new boots take generation $second, the node that runs has $first"
last=$(lines first '^.watch')
wait_console first "\[watch\] $((last + 8)) "
power_off 1
expect "the node went on undisturbed" test "$(lines first "tool='[^']+'" "tool='tool 1'")" = 0
until_true 60 "the report of the first boot" reported n01 1

power_on 1 second
wait_console second "LITEHOUSE-MARKER node=n01 boots=2"
power_off 1
sound second
expect_said second tool "tool 2"
expect_said second motd "another motd"

git -C "$WORK/cluster" pull --quiet
git -C "$WORK/cluster" revert --no-edit HEAD HEAD~1 >/dev/null
git -C "$WORK/cluster" push --quiet origin main 2>&1 | sed 's/^/   /'
old_generation() { [ "$(generation n01)" = "$first" ]; }
until_true 60 "the earlier generation" old_generation
tell "git revert: new boots take $first again, and nothing was built"
power_on 1 third
wait_console third "LITEHOUSE-MARKER node=n01 boots=3"
power_off 1
sound third
expect_said third tool "tool 1"
expect_said third motd "motd of hall 1"
tell "ok: the persistent directory kept all three boots"
