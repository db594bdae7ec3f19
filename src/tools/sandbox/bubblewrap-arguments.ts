import { dirname, join } from 'node:path';
import type { Identity } from './identity.js';
import type { ProtectedPaths } from './protected-paths.js';
import type { SandboxRequest } from './sandbox.port.js';

/** Where a workspace is for the commands that run in it. */
export const WORKSPACE_MOUNT = '/workspace';
const HOME = '/home/agent';
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';
/** Descriptor on which the last step before the command says that everything is in place. */
export const READY_DESCRIPTOR = 3;
/** Descriptor from which bubblewrap reads what is mounted where. */
export const ARGUMENTS_DESCRIPTOR = 4;

/** What the machine offers to every sandbox, found out at boot. */
export interface SandboxHost {
  /** Read-only paths outside /usr, e.g. where Node is. */
  readonly toolPaths: readonly string[];
  /** Links and folders of the root that lead to programs and libraries. */
  readonly rootEntries: readonly { readonly name: string; readonly link: string | null }[];
  /** Folder with the few files of /etc that are made for the sandbox, and the empty file. */
  readonly supportFolder: string;
  readonly searchPath: string;
  /** bash where there is one: other shells cannot close descriptors beyond 9, which servers may have inherited. */
  readonly shell: 'bash' | 'sh';
}

const SHARED_CONFIGURATION = ['alternatives', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'ssl/certs', 'ssl/openssl.cnf', 'localtime', 'mime.types'];

interface SandboxStart {
  readonly host: SandboxHost;
  readonly request: SandboxRequest;
  readonly paths: ProtectedPaths;
  readonly identity: Identity;
  /** Started by root: bubblewrap then needs no user namespace to build the root, and the user is changed afterwards. */
  readonly isPrivileged: boolean;
}

export interface BubblewrapCommand {
  /** Its environment goes to the process itself. */
  readonly command: readonly string[];
  /** Read from ARGUMENTS_DESCRIPTOR: a command can see the command line of process 1, and the paths of the host are not its business. */
  readonly hiddenArguments: readonly string[];
}

/** How a command is run in the sandbox. */
export function bubblewrapCommand({ host, request, paths, identity, isPrivileged }: SandboxStart): BubblewrapCommand {
  const command = [
    ...['nice', '-n', '10', 'bwrap', '--args', String(ARGUMENTS_DESCRIPTOR), '--'],
    ...(isPrivileged ? dropPrivileges(identity) : []),
    ...resourceLimits(request),
    ...checkedStart(host, request, paths),
    ...request.command,
  ];
  const hiddenArguments = [...namespaces(isPrivileged), ...rootFolders(host), ...mounts(request), ...protections(host, request, paths), ...['/dev', '/'].flatMap((path) => ['--remount-ro', path]), '--chdir', '/'];
  return { command, hiddenArguments };
}

/** Everything a command finds in its environment, but for its own search path: until it starts, only programs of the system are run. */
export function sandboxEnvironment(added: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: SYSTEM_PATH,
    HOME,
    USER: 'agent',
    LOGNAME: 'agent',
    SHELL: '/bin/sh',
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    NO_COLOR: '1',
    CI: 'true',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    npm_config_update_notifier: 'false',
    ...added,
  };
}

function namespaces(isPrivileged: boolean): string[] {
  const common = ['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--die-with-parent', '--new-session', '--hostname', 'sandbox'];
  if (!isPrivileged) return ['--unshare-user', '--disable-userns', '--cap-drop', 'ALL', ...common];
  return [...common, '--cap-drop', 'ALL', ...['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((capability) => ['--cap-add', capability])];
}

function rootFolders(host: SandboxHost): string[] {
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...host.rootEntries.flatMap(({ name, link }) => (link === null ? ['--ro-bind', `/${name}`, `/${name}`] : ['--symlink', link, `/${name}`])),
    ...host.toolPaths.flatMap((path) => [...foldersAbove(path), '--ro-bind', path, path]),
    ...SHARED_CONFIGURATION.map((name) => `/etc/${name}`).flatMap((path) => [...foldersAbove(path), '--ro-bind-try', path, path]),
    ...['passwd', 'group', 'hosts'].flatMap((name) => ['--ro-bind', join(host.supportFolder, name), `/etc/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev'],
  ];
}

/** Made beforehand, since bubblewrap would close them to everybody but root. */
function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === '/' ? [] : [...foldersAbove(above), '--perms', '0755', '--dir', above];
}

function mounts({ workspace, isReadOnly, readOnlyPaths = [], limits }: SandboxRequest): string[] {
  const inMemory = (path: string): string[] => [...foldersAbove(path), '--perms', '1777', '--size', String(limits.maxTemporaryBytes), '--tmpfs', path];
  return [
    ...['/tmp', '/dev/shm', HOME].flatMap(inMemory),
    ...[isReadOnly ? '--ro-bind' : '--bind', workspace, WORKSPACE_MOUNT],
    ...readOnlyPaths.flatMap(({ source, target }) => [...foldersAbove(target), '--ro-bind', source, target]),
  ];
}

function protections({ supportFolder }: SandboxHost, { workspace, isGitWritable }: SandboxRequest, { secrets, repositories }: ProtectedPaths): string[] {
  return [
    ...secrets.flatMap((path) => ['--ro-bind', join(supportFolder, 'empty'), join(WORKSPACE_MOUNT, path)]),
    ...(isGitWritable ? [] : repositories.flatMap(({ path }) => ['--ro-bind', join(workspace, path), join(WORKSPACE_MOUNT, path)])),
  ];
}

/** To an ordinary user, in a user namespace of its own, in which processes are counted anew. */
function dropPrivileges({ uid, gid }: Identity): string[] {
  return [
    ...['setpriv', '--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs'],
    ...['unshare', '--user', '--map-current-user'],
  ];
}

/** Set inside of the namespaces, so that the processes of other sandboxes do not count. */
function resourceLimits({ limits }: SandboxRequest): string[] {
  return [
    'prlimit',
    `--nproc=${limits.maxProcesses}`,
    `--nofile=${limits.maxOpenFiles}`,
    `--fsize=${limits.maxFileBytes}`,
    `--data=${limits.maxMemoryBytes}`,
    `--cpu=${limits.maxCpuSeconds}`,
    '--core=0',
    '--',
  ];
}

/**
 * Paths can be swapped for links between our look at them and the mount: whether what is mounted is what was meant is checked from
 * inside, where nothing else runs yet. Descriptors that the server inherited and would hand on end here. The folder is entered here and not before, as the user who may enter it. Also offers the processes to the kernel first when memory runs out.
 */
const START = `
echo 1000 2>/dev/null >/proc/self/oom_score_adj
umask 022
for open in /proc/self/fd/*; do
  open=\${open##*/}
  if [ "$open" -gt ${READY_DESCRIPTOR} ] && [ "$open" -lt 10 -o -n "$BASH_VERSION" ]; then eval "exec $open>&-"; fi
done
cd "$1" || exit 125
search=$2
shift 2
while [ "$1" != -- ]; do
  case "$1" in
    secret) [ ! -s "$2" ] || { echo "cannot protect $2" >&2; exit 125; } ;;
    repository) [ "$(stat -c %d:%i "$2")" = "$3" ] || { echo "cannot protect $2" >&2; exit 125; }; shift ;;
  esac
  shift 2
done
shift
echo ready >&${READY_DESCRIPTOR}
exec ${READY_DESCRIPTOR}>&-
PATH=$search exec "$@"
`;

function checkedStart({ shell, searchPath }: SandboxHost, { folder = '', isGitWritable }: SandboxRequest, { secrets, repositories }: ProtectedPaths): string[] {
  return [
    ...[shell, '-c', START, shell, join(WORKSPACE_MOUNT, folder), searchPath],
    ...secrets.flatMap((path) => ['secret', join(WORKSPACE_MOUNT, path)]),
    ...(isGitWritable ? [] : repositories.flatMap(({ path, identity }) => ['repository', join(WORKSPACE_MOUNT, path), identity])),
    '--',
  ];
}
