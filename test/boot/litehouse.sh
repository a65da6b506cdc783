# Read by inside.sh: starts litehouse in an empty directory, pushes the config repository, keeps the node's answer.
mkdir -p "$WORK/var"
cat >"$WORK/var/litehouse.json" <<J
{ "nodeListen": "$server:3001", "adminListen": "127.0.0.1:3080", "images": "external",
  "plugins": { "nfs-exports": { "form": "ganesha" } } }
J
node "$HERE/../../dist/server/main.js" serve --dir "$WORK/var" >"$LOG/litehouse.log" 2>&1 &
until_true 20 "litehouse" test -s "$WORK/var/state/server.json"
tell "litehouse is up"

(
  export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@cluster.example GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@cluster.example
  git clone --quiet http://127.0.0.1:3080/config.git "$WORK/cluster"
  cd "$WORK/cluster"
  # Over the template that every new server starts from.
  git rm --quiet -r .
  cp -a "$HERE/cluster/." .
  sed -i "s/panic=-1/panic=-1${WORDS:+ $WORDS}/" tables/linuximage.csv
  git add --all
  git commit --quiet --message "The cluster of the boot test"
  git push origin main 2>&1 | sed 's/^/   /'
)
commit=$(git -C "$WORK/cluster" rev-parse HEAD)
answer() { busybox wget -q -O "$LOG/answer" http://127.0.0.1:3080/nodes/n01/answer && grep -q "^commit.$commit\$" "$LOG/answer"; }
until_true 20 "the answer of n01" answer
tell "pushed and applied: $commit"
# What a person sees: the directory as it was written, and no more than that.
cp "$world/tftpboot/pxelinux.cfg/n01" "$LOG/boot-file"
sed 's/^/   /' "$LOG/boot-file"
