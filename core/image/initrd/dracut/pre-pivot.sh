#!/bin/sh
# pre-pivot hook: the boot program, by its own busybox, with the console as its terminal; it ends when the root is ready.
(
    . /etc/litehouse.conf
    mkdir -p /run/litehouse/bin
    /usr/lib/litehouse/busybox --install -s /run/litehouse/bin
    PATH=/run/litehouse/bin LH_ROOT=$NEWROOT LH_PERMISSION=$permission \
        /usr/lib/litehouse/busybox sh /usr/lib/litehouse/statelite boot </dev/console >/dev/console 2>&1
)
