/**
 * What a command may try to get out of the sandbox. Each script prints `held` as its last word when it got nothing and `ESCAPED` when it
 * did; the functions are defined by the runner below. Variables: CANARY a folder of the host with a secret, REPOSITORY the server's own
 * folder, SERVER its process, PORT and SOCKET listeners of the host.
 */
export interface EscapeProbe {
  readonly group: string;
  readonly name: string;
  readonly script: string;
}

const FUNCTIONS = `
held() { echo held; }
escaped() { echo ESCAPED; }
# never COMMAND: it must fail
never() { if "$@" >/dev/null 2>&1; then escaped; else held; fi; }
# silent COMMAND: it must not put out the secret
silent() { if "$@" 2>/dev/null | grep -aq canary-secret; then escaped; else held; fi; }
# absent PATH: there must be nothing
absent() { if [ -e "$1" ] || [ -L "$1" ]; then escaped; else held; fi; }
# unwritable PATH
unwritable() { if ( : >>"$1" ) 2>/dev/null || ( mkdir "$1/x" ) 2>/dev/null || ( : >"$1/x" ) 2>/dev/null; then escaped; else held; fi; }
# unset_here NAME: no variable of the server
unset_here() { if printenv "$1" >/dev/null || tr '\\0' '\\n' </proc/self/environ | grep -q "^$1="; then escaped; else held; fi; }
dial() { timeout 2 bash -c "exec 3<>/dev/tcp/$1/$2"; }
node_dial() { timeout 4 node -e "const s=require('net').connect($1);s.on('connect',()=>process.exit(0));s.on('error',()=>process.exit(1))"; }
`;

const probes = (group: string, entries: Readonly<Record<string, string>>): EscapeProbe[] => Object.entries(entries).map(([name, script]) => ({ group, name, script }));
const each = (group: string, subjects: readonly string[], toScript: (subject: string) => string): EscapeProbe[] => subjects.map((subject) => ({ group, name: subject, script: toScript(subject) }));

const HOST_PATHS = ['/etc/shadow', '/etc/gshadow', '/etc/sudoers', '/etc/ssh', '/etc/fstab', '/etc/crontab', '/etc/machine-id', '/etc/resolv.conf', '/root', '/home/agent/..//../root', '/var', '/run', '/srv', '/mnt', '/media', '/boot', '/sys', '/lost+found', '/work', '/var/run/docker.sock', '/run/systemd/private', '/dev/mem', '/dev/kmem', '/dev/kmsg', '/dev/port', '/dev/sda', '/dev/vda', '/dev/nvme0n1', '/dev/loop-control', '/dev/fuse', '/dev/kvm', '/dev/net/tun', '/dev/mapper', '/dev/input', '/dev/snd', '/dev/hpet', '/dev/vhost-net', '/dev/mqueue', '/oldroot', '/newroot', '/.dockerenv', '$CANARY', '$REPOSITORY'];
const UNWRITABLE = ['/', '/usr', '/usr/bin', '/usr/lib', '/usr/local/bin', '/bin', '/lib', '/etc', '/etc/passwd', '/etc/hosts', '/etc/ld.so.cache', '/home', '/dev', '/dev/full/..', '/proc', '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname', '/proc/sys/kernel/modprobe', '/proc/sys/vm/overcommit_memory', '/proc/sys/net/ipv4/ip_forward', '/proc/sys/user/max_user_namespaces', '/proc/sysrq-trigger', '/proc/irq/default_smp_affinity', '/workspace/.git', '/workspace/.git/config', '/workspace/.git/hooks', '/workspace/.git/hooks/pre-commit', '/workspace/packages/one/.git/config'];
export const SERVER_VARIABLES = ['DATABASE_URL', 'GEMINI_API_KEY', 'OPENAI_API_KEY', 'JWT_SECRET', 'METRICS_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'NODE_OPTIONS_OF_SERVER', 'SSH_AUTH_SOCK', 'LD_LIBRARY_PATH_OF_SERVER', 'npm_config__auth'];

export const ESCAPE_PROBES: readonly EscapeProbe[] = [
  ...each('sees nothing of the host at', HOST_PATHS, (path) => `absent ${path}`),
  ...each('writes nothing at', UNWRITABLE, (path) => `unwritable ${path}`),
  ...each('has no variable', SERVER_VARIABLES, (name) => `unset_here ${name}`),
  ...probes('reads no secret', {
    'through ..': 'silent cat ../../../../../../../$CANARY/secret',
    'by its absolute path': 'silent cat $CANARY/secret',
    'through a symbolic link': 'ln -s $CANARY l1; silent cat l1/secret; rm l1',
    'through a chain of links': 'ln -s $CANARY l2; ln -s l2/secret l3; silent cat l3; rm l2 l3',
    'through a hard link': 'if ln $CANARY/secret h1 2>/dev/null; then silent cat h1; else held; fi',
    'through the root of process 1': 'silent cat /proc/1/root/$CANARY/secret',
    'through the folder of process 1': 'silent cat /proc/1/cwd/$CANARY/secret',
    'through its own root': 'silent cat /proc/self/root/$CANARY/secret',
    'through the root of the server': 'silent cat /proc/$SERVER/root/$CANARY/secret',
    'through inherited descriptors': 'for d in /proc/self/fd/* /proc/$$/fd/* /proc/$PPID/fd/*; do cat $d/$CANARY/secret $d/../$CANARY/secret; done 2>/dev/null | grep -q canary-secret && escaped || held',
    'in the environment of process 1': 'silent cat /proc/1/environ',
    'in the command lines that it can see': 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep -q "^$HOST_FOLDER" && escaped || held',
    'in the memory of process 1': 'never dd if=/proc/1/mem bs=1 count=1',
    'by mounting the disk': 'never mount /dev/vda /tmp/m',
    'by the name of the user': 'silent sh -c "cat ~root/secret ~/../../$CANARY/secret"',
    'in .env': '[ ! -s .env ] && held || escaped',
    'in a deeper .env': '[ ! -s packages/one/.env.production ] && held || escaped',
    'in .env through a link': 'ln -s .env e1; [ ! -s e1 ] && held || escaped; rm e1',
    'in .env through a hard link': 'ln .env e2 2>/dev/null && [ -s e2 ] && escaped || held',
    'in .env moved away': 'mv .env e3 2>/dev/null && escaped || held',
    'in .env by removing what covers it': 'rm -f .env; [ -s .env ] && escaped || held',
    'in .env by renaming its folder': 'mv packages/one packages/two 2>/dev/null; cat packages/*/.env.production 2>/dev/null | grep -q . && escaped || held; mv packages/two packages/one 2>/dev/null',
    'in .env by another case of its name': 'cat .ENV .Env 2>/dev/null | grep -q . && escaped || held',
    'in .env by reading the folder as a file': 'silent cat .',
    'in .env by an archive of everything': 'silent tar cf - .',
    'in .env by node': 'silent node -e "process.stdout.write(require(\'fs\').readFileSync(\'.env\'))"',
    'in .env by its old descriptor': 'silent sh -c "exec 4<.env; cat <&4"',
    'in .env by unmounting': 'umount .env 2>/dev/null && escaped || held',
    'in .env by a lazy unmount in its own namespaces': 'unshare -rm sh -c "umount -l /workspace/.env; cat /workspace/.env" 2>/dev/null | grep -q . && escaped || held',
    'in .env by a bind mount in its own namespaces': 'unshare -rm sh -c "mount --bind /workspace /tmp; cat /tmp/.env" 2>/dev/null | grep -q . && escaped || held',
    'in .env by a recursive bind mount': 'unshare -rm sh -c "mount --rbind / /tmp; umount -l /tmp/workspace/.env; cat /tmp/workspace/.env" 2>/dev/null | grep -q . && escaped || held',
  }),
  ...probes('keeps the repository as it is', {
    'moved away': 'never mv .git elsewhere',
    removed: 'rm -rf .git 2>/dev/null; [ -f .git/config ] && held || escaped',
    'covered by another': 'mkdir other; never mv -T other .git; rm -rf other',
    'by a commit': 'never git -c user.name=x -c user.email=x@x commit --allow-empty -m x',
    'by a configuration': 'never git config core.hooksPath /workspace/hooks',
    'by a hook': 'never cp /bin/true .git/hooks/pre-commit',
    'remounted for writing': 'never mount -o remount,rw .git',
    'remounted in its own namespaces': 'unshare -rm sh -c "mount -o remount,rw,bind /workspace/.git; : >/workspace/.git/config" 2>/dev/null && escaped || held',
    unmounted: 'never umount .git',
    'by another way to the same folder': 'never sh -c ": >/proc/self/cwd/.git/config"',
    'by its permissions': 'never chmod 777 .git',
    'by its owner': 'never chown 0:0 .git',
  }),
  ...probes('gains no privilege', {
    'by being root': '[ "$(id -u)" != 0 ] && held || escaped',
    'by a capability': 'grep -q "^CapEff:[[:space:]]*0*$" /proc/self/status && held || escaped',
    'by setuid programs': 'never sh -c "echo | su -c true"',
    'by sudo': 'never sudo -n true',
    'by newgrp': 'never sh -c "echo | newgrp root"',
    'by mount': 'never mount -t tmpfs none /tmp/m',
    'by chroot': 'never chroot /usr /bin/true',
    'by mknod': 'never mknod /tmp/d b 8 0',
    'by mknod of a character device': 'never mknod n1 c 1 1',
    'by making a file root\'s': 'touch c1; never chown 0 c1; rm c1',
    'by a setuid file of its own': 'cp /bin/id s1; chmod u+s s1; [ "$(./s1 -u)" != 0 ] && held || escaped; rm s1',
    'by setpriv': 'never setpriv --reuid 0 true',
    'by becoming the server\'s group': 'never setpriv --regid 0 true',
    'by entering namespaces of process 1': 'never nsenter -t 1 -m true',
    'by entering namespaces of the server': 'never nsenter -t $SERVER -m true',
    'as root of its own user namespace': 'silent unshare -r cat $CANARY/secret',
    'by a device in its own user namespace': 'never unshare -rm mknod /tmp/d2 b 8 0',
    'by the host name': 'never hostname evil',
    'by the clock': 'never date -s 2001-01-01',
    'by a kernel module': 'never insmod /tmp/x.ko',
    'by the kernel log': 'never dmesg',
    'by a reboot': 'never reboot -f',
    'by swapping': 'never swapon /tmp/x',
    'by a better priority': 'never nice -n -5 sh -c "[ $(ps -o ni= -p $$ 2>/dev/null || awk \'{print $19}\' /proc/self/stat) -lt 10 ]"',
    'by priorities of real time': 'never chrt -f 1 true',
    'by raising the limit of processes': 'never prlimit --nproc=100000:100000 true',
    'by raising the limit of files': 'never prlimit --nofile=1000000:1000000 true',
    'by raising the limit of sizes': 'never prlimit --fsize=unlimited:unlimited true',
    'by raising the limit of memory': 'never prlimit --data=unlimited:unlimited true',
    'by raising the limit of time': 'never prlimit --cpu=unlimited:unlimited true',
    'by core files': '[ "$(ulimit -Hc)" = 0 ] && held || escaped',
    'by saving itself when memory runs out': 'echo -1000 2>/dev/null >/proc/self/oom_score_adj && escaped || held',
    'by control groups': 'ls -d /sys/fs/cgroup 2>/dev/null && escaped || held',
  }),
  ...probes('reaches no other process', {
    'by signalling the server': 'never kill -0 $SERVER',
    'by stopping process 1': 'kill -STOP 1 2>/dev/null; kill -9 1 2>/dev/null; held',
    'by signalling all it can see': '[ -d /proc/1 ] && held || escaped',
    'by listing': 'ls /proc | grep -c "^[0-9]" | { read n; [ "$n" -lt 15 ] && held || escaped; }',
    'by tracing the server': 'never gdb -p $SERVER -batch',
    'by shared memory': '[ "$(ipcs -m 2>/dev/null | grep -c "^0x")" = 0 ] && held || escaped',
    'by semaphores': '[ "$(ipcs -s 2>/dev/null | grep -c "^0x")" = 0 ] && held || escaped',
    'by message queues': '[ "$(ipcs -q 2>/dev/null | grep -c "^0x")" = 0 ] && held || escaped',
    'by a terminal': 'never sh -c ": </dev/tty"',
    'by typing into a terminal': 'never node -e "require(\'fs\').openSync(\'/dev/tty\',\'r+\')"',
  }),
  ...probes('reaches no network', {
    'at 127.0.0.1': 'never dial 127.0.0.1 $PORT',
    'at 127.0.0.2': 'never dial 127.0.0.2 $PORT',
    'at localhost': 'never dial localhost $PORT',
    'at 0.0.0.0': 'never dial 0.0.0.0 $PORT',
    'at ::1': 'never dial ::1 $PORT',
    'at ::ffff:127.0.0.1': 'never dial ::ffff:127.0.0.1 $PORT',
    'at 2130706433': 'never dial 2130706433 $PORT',
    'by node': 'never node_dial "{host:\'127.0.0.1\',port:$PORT}"',
    'by node over IPv6': 'never node_dial "{host:\'::1\',port:$PORT}"',
    'by curl': 'never curl -s --max-time 2 http://127.0.0.1:$PORT/',
    'by a socket of the host': 'never node_dial "\'$SOCKET\'"',
    'by an abstract socket of the host': 'never node_dial "\'\\\\0lomu-escape-$PORT\'"',
    'by another interface': '[ "$(tail -n +3 /proc/net/dev | grep -vc "^ *lo:")" = 0 ] && held || escaped',
    'by a route': '[ "$(tail -n +2 /proc/net/route | wc -l)" = 0 ] && held || escaped',
    'by a connection of the host': 'grep -q "$(printf ":%04X " $PORT)" /proc/net/tcp /proc/net/tcp6 && escaped || held',
    'by a raw socket': 'never node -e "require(\'net\'); process.binding(\'raw\')"',
    'by making an interface': 'never ip link add dummy0 type dummy',
    'by an address on the loopback interface': 'never ip addr add 127.0.0.9/8 dev lo',
    'by the name service': 'never timeout 2 getent hosts example.com',
  }),
];

/** One script that runs all probes, each apart from the others, and prints `number TAB last word` for each. */
export function probeScript(): string {
  const runs = ESCAPE_PROBES.map(({ script }, index) => `printf '%s\\t%s\\n' ${index} "$( ( ${script}\n ) 2>/dev/null | tail -n 1 )"`);
  return `${FUNCTIONS}\n${runs.join('\n')}\n`;
}
