/** What stands in front of a command to take from it what root or this machine has. */
import { spawnSync } from 'node:child_process';

/** The user without rights. */
export const nobody = 65_534;

/** As another user than root, with CAP_NET_RAW as the only right. Such a user cannot keep in root's folder what tsx has compiled. */
export const rawPacketsOnly: readonly string[] = [
  ...['env', 'TSX_DISABLE_CACHE=1'],
  ...['setpriv', '--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'],
  ...['--inh-caps', '-all,+net_raw', '--ambient-caps', '-all,+net_raw', '--bounding-set', '-all,+net_raw'],
];

/** Files of libpcap that the loader knows. */
export function libpcapFiles(): readonly string[] {
  const { stdout } = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  return [...stdout.matchAll(/^\s*libpcap\.so\S* .* => (\S+)$/gm)].map(([, path]) => path!);
}

/** On a machine where these files are no libraries: in a mount namespace where they are empty. */
export function withoutFiles(paths: readonly string[]): readonly string[] {
  const script = `for path in ${paths.join(' ')}; do mount --bind /dev/null "$path" || exit 99; done; exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, 'sh'];
}
