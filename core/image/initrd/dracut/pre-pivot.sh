#!/bin/sh
# pre-pivot hook: the boot program, by its own busybox, with the console as its terminal; it ends when the root is ready.
(
    . /etc/litehouse.conf
    mkdir -p /run/litehouse/bin
    /usr/lib/litehouse/busybox --install -s /run/litehouse/bin
    PATH=/run/litehouse/bin
    for console in /dev/console /dev/null; do
        # A redirection of exec that fails would end this shell: a machine may have no console at all.
        (: <$console >$console) 2>/dev/null && exec <$console >$console 2>&1 && break
    done
    # A root that is half laid out is never switched to. The program takes away what it left, and begins anew.
    until LH_ROOT=$NEWROOT LH_PERMISSION=$permission /usr/lib/litehouse/busybox sh /usr/lib/litehouse/statelite boot; do
        echo "[initrd] the boot program ended with status $?: the root is not ready, and not switched to. Running it again"
        sleep 10
    done
)
