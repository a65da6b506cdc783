#!/bin/bash
# First process inside the namespaces: lays the network and runs the scenario that is its argument.
set -euo pipefail
for part in ground house servers machine small; do . "$HERE/lab/$part.sh"; done
trap 'fail "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
set -E
lay_network
stand_in_for_systemd
. "$1"
tell "${1##*/}: all as it should be"
