#!/bin/sh
# The yardstick of the bench `liteimg`: the commands of the cookbook's chapter 2.11, row by row. Argument: the tree; rows on stdin.
set -eu
root=$1
while IFS= read -r row; do
  path=${row%/}
  dir=${path%/*}
  up='' rest=$dir
  while [ -n "$rest" ]; do up=../$up rest=${rest%/*}; done
  mkdir -p "$root/.default$dir"
  mkdir -p "$root/.statelite/tmpfs$dir"
  mkdir -p "$root$dir"
  if [ -e "$root$path" ]; then
    mv "$root$path" "$root/.default$dir"
  elif [ "$row" != "$path" ]; then
    mkdir "$root/.default$path"
  else
    : >"$root/.default$path"
  fi
  cd "$root/.statelite/tmpfs$dir"
  ln -sf "../../$up.default$path" .
  cd "$root$dir"
  ln -sf "$up.statelite/tmpfs$path" .
done
