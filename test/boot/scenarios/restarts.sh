#!/bin/bash
# litehouse is killed and started again while three machines boot and a hundred simulated nodes ask: all come up
# needs: dnf:dnf rpmbuild:rpm createrepo_c:createrepo-c
small_cluster rhels9.4
rpm_packages "$repository"
for number in $(seq 101 200); do
  printf '"n%s","hall1,compute,all",,\n' "$number" >>"$WORK/cluster/tables/nodelist.csv"
  ip addr add "10.77.0.$((number + 10))/32" dev port1
done
push "Three nodes, and a hundred that are simulated"
wait_built
start_servers
# A loader whose server went away in the middle of a file gives up after a while, and the machine starts anew, as machines do.
export REBOOT="-action reboot=reset"
kills=0
kill_house() {
  kill -9 $house
  wait $house 2>/dev/null || :
  kills=$((kills + 1))
  tell "killed, $1"
  sleep 4
  start_house
}
power_on 1 n01
power_on 2 n02
wait_console n01 "Linux version"
power_on 3 n03
# Not before: on a busy machine all would be up before the first kill.
node "$HERE/lab/hundred.mjs" "$server:3001" "$(generation n101)" >"$LOG/hundred.log" 2>&1 &
hundred=$!
kill_house "while one is in its kernel and two are in firmware and loader"
for console in n01 n02 n03; do
  wait_console $console "\[initrd\] .* is mounted"
  kill_house "as $console is about to ask"
done
tell "killed $kills times"
for number in 1 2 3; do
  wait_console n0$number "LITEHOUSE-MARKER node=n0$number boots="
  wait_off $number
  show_console n0$number | grep -v '\[node\]'
  sound n0$number
done
until_true 300 "the end of the simulated nodes" grep -q '^all' "$LOG/hundred.log"
wait $hundred
sed 's/^/   /' "$LOG/hundred.log"
tell "ok: three machines and a hundred simulated nodes are up"
known=0
for node in $(seq -f 'n%g' 101 200); do ! reported "$node" '[1-9]' || known=$((known + 1)); done
# A report that was answered is on the disk. The simulated ones ask until theirs is; machines give up after three tries.
expect "each of the hundred boots that were acknowledged is known, whatever was killed ($known)" test $known = 100
for node in n01 n02 n03; do ! reported "$node" '[1-9]' || known=$((known + 1)); done
tell "litehouse knows of $known of 103 boots"
