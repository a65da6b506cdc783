# Read inside the namespaces: litehouse itself, started in an empty directory and filled by pushes.
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@cluster.example GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@cluster.example
litehouse=$HERE/../../bin/litehouse
admin=http://127.0.0.1:3080

# start_house [IMAGES]: IMAGES as in the settings; `external` where the scenario brings its own.
start_house() {
  mkdir -p "$WORK/var"
  [ -e "$WORK/var/litehouse.json" ] || cat >"$WORK/var/litehouse.json" <<J
{ "nodeListen": "$server:3001", "adminListen": "127.0.0.1:3080", "tftpListen": "$server:69", "images": "${1:-external}", "reloads": true,
  "plugins": { "nfs-exports": { "form": "ganesha" }, "dnsmasq": { "serve": true } } }
J
  rm -f "$WORK/var/state/server.json"
  node "$HERE/../../dist/server/main.js" serve --dir "$WORK/var" >>"$LOG/litehouse.log" 2>&1 &
  house=$!
  until_true 60 "litehouse" test -s "$WORK/var/state/server.json"
  tell "litehouse is up"
}
stop_house() {
  kill $house
  wait $house
}
# A clone whose content is that of the scenario: over the template that every new server starts from.
clone_cluster() {
  git clone --quiet $admin/config.git "$WORK/cluster"
  git -C "$WORK/cluster" rm --quiet -r .
  cp -a "$HERE/cluster/." "$WORK/cluster/"
}
# push MESSAGE [OPTION...]: commits what stands in the clone, and pushes it; `commit` is its name.
push() {
  local message=$1
  shift
  (
    cd "$WORK/cluster"
    git add --all
    git commit --quiet --message "$message"
    git push "$@" origin main 2>&1 | tee -a "$LOG/pushes" | grep -aE 'applied|waiting|error|rejected' | sed 's/^/   /' || :
  )
  commit=$(git -C "$WORK/cluster" rev-parse HEAD)
  [ "$(git --git-dir="$WORK/var/config.git" rev-parse main)" = "$commit" ] || { tail -n 20 "$LOG/pushes" && fail "the push was refused"; }
}
get() { busybox wget -q -O - "$admin/$1"; }
# The newest commit is what nodes are answered from.
answered() { get "nodes/$1/answer" >"$LOG/answer-$1" && grep -q "^commit.$commit\$" "$LOG/answer-$1"; }
push_and_apply() {
  push "$@"
  until_true 60 "the answer of n01" answered n01
  tell "pushed and applied: $commit ($1)"
}
# reported NODE BOOTS: litehouse knows that this node booted so often.
reported() { get "reports/$1" | tee "$LOG/report-$1" | grep -q "\"stage\": *\"booted\".*\"boots\": *$2\\b"; }
