#!/bin/bash
# two nodes in two rooms boot at once: one litetree row, and each has the motd of its room
# needs: dnf:dnf rpmbuild:rpm createrepo_c:createrepo-c
small_cluster rhels9.4
rpm_packages "$repository"
push "Three nodes in two halls"
wait_built
start_servers
power_on 1 n01
power_on 2 n02
for number in 1 2; do
  wait_off $number
  show_console n0$number
  show_figures n0$number
  sound n0$number
  expect_said n0$number motd "motd of hall $number"
done
for node in n01 n02; do until_true 60 "the report of $node" reported $node 1; done
