# canned, until the server is there
mkdir -p $world/{tftpboot/pxelinux.cfg,install,syncdirs,exports.d} $WORK/lite/state
cp -a $HERE/cluster/syncdirs/. $world/syncdirs/
cat > $world/tftpboot/pxelinux.cfg/n01 <<B
#statelite debian12-x86_64-compute
DEFAULT xCAT
LABEL xCAT
 KERNEL xcat/netboot/debian12/x86_64/compute/kernel
 APPEND initrd=xcat/netboot/debian12/x86_64/compute/initrd.gz NFSROOT=10.77.0.1:/install/netboot/debian12/x86_64/compute STATEMNT=10.77.0.1:/lite/state XCAT=10.77.0.1:3001 LHGEN=abc console=tty0 console=ttyS0,115200n8r panic=-1
B
ln -s n01 $world/tftpboot/pxelinux.cfg/0A4D000B
printf 'litehouse\t1\nnode\tn01\ncommit\t%040d\ngeneration\tabc\nimage\tdebian12\nstate\tstatelite\nstatemnt\t10.77.0.1\t/lite/state\ntree\t1\tours\t10.77.0.1\t/syncdirs/n01\ntree\t2\tours\t10.77.0.1\t/syncdirs/hall1/debian12/x86_64/compute\nfile\tlink+persistent\t/etc/counter\nfile\tbind\t/etc/hosts\nfile\tlink+con\t/etc/hosts.allow\nfile\tlink\t/etc/issue\nfile\tlink\t/etc/motd\nfile\tlink\t/etc/ntp.conf\nfile\tlink+ro\t/etc/roflag\ndirectory\tlink\t/etc/ssh\n' 1 > $LOG/answer
printf 'end\t%d\n' $(wc -l < $LOG/answer) >> $LOG/answer
node -e 'require("http").createServer((q,r)=>{console.log(q.url);r.end(require("fs").readFileSync(process.argv[1]))}).listen(3001,"10.77.0.1")' $LOG/answer > $LOG/litehouse.log 2>&1 &
