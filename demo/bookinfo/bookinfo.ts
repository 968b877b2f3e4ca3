import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../../core/project-files.ts';
import { describeEnd, startChild, type Child } from '../child.ts';
import { findProgram } from '../find-program.ts';
import type { Command } from '../unprivileged.ts';
import { endingWithParent } from './ending-with-parent.ts';
import { curlArguments, type LoadOptions } from './load.ts';
import { startNetwork, type Network } from './network.ts';
import { sidecarConfiguration } from './sidecar.ts';
import { gatewayInterface, nodes, pods, ports, type Pod, type PodName, type Scenario } from './topology.ts';

/** The file that describes its pods as resources. */
export const bookinfoClusterFile: string = projectFile('demo', 'bookinfo', 'cluster.yaml');

/** Running Bookinfo. */
export interface Bookinfo {
  /** Settings that capture its packets: on interfaces of pods and nodes, and of the gateway. */
  readonly packets: { readonly packetNamespaces: readonly string[]; readonly packetInterfaces: readonly string[] };
  /**
   * Asks for product pages with curl in the pod loadgenerator: /productpage/FIRST and the following ones, so that each request has
   * a number of its own in every call that it makes.
   */
  sendRequests(options: LoadOptions): Promise<Child>;
  /** Resolves when a part has ended, with a sentence that says so. */
  readonly ended: Promise<string>;
  /** Ends every process; namespaces end with them. Removes the files of the run. */
  stop(): Promise<void>;
}

/** Programs it takes: what Debian's packages have in /usr/bin or /usr/sbin. */
const needed = [
  'curl',
  'haproxy',
  'ip',
  'iptables',
  'java',
  'javac',
  'nsenter',
  'python3',
  'ruby',
  'setpriv',
  'unshare',
];

/** Why Bookinfo cannot run here; undefined when it can. */
export function bookinfoMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'it makes network namespaces, which takes root';
  const absent = needed.filter((program) => findProgram(program) === undefined);
  return absent.length === 0 ? undefined : `not installed: ${absent.join(', ')}`;
}

/** Starts Bookinfo. @throws Error when a part does not start; everything is stopped then */
export async function startBookinfo(scenario: Scenario): Promise<Bookinfo> {
  removeLeftFolders();
  const folder = mkdtempSync(join(tmpdir(), `${folderPrefix}${process.pid}-`));
  const children: Child[] = [];
  const state: { network?: Network } = {};
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    await state.network?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const network = (state.network = await startNetwork(scenario, folder));
    const start = async (pod: Pod & { readonly name: PodName }, part: string, command: Command, address?: string) => {
      const child = await startChild({
        name: `${part} of ${pod.name}`,
        ...network.of(pod.name).inside(endingWithParent(command)),
        environment: { SPANLOOM_POD_UID: pod.uid, PYTHONDONTWRITEBYTECODE: '1' },
        logPath: join(folder, `${pod.name}-${part}.log`),
        stopSignal: 'SIGTERM',
        ...(address === undefined ? {} : { isReady: (processId) => listens(processId, address, ports.service) }),
      });
      children.push(child);
      return child;
    };
    // Java takes longest to start; the others do so meanwhile.
    await Promise.all(
      pods.map(async (pod) => {
        const command = serviceCommand(pod.name);
        if (command !== undefined) await start(pod, 'service', command, '127.0.0.1');
        const file = join(folder, `${pod.name}.cfg`);
        writeFileSync(file, sidecarConfiguration(pod, scenario));
        await start(pod, 'sidecar', { command: program('haproxy'), args: ['-db', '-f', file] }, pod.address);
      }),
    );
    const ended = Promise.race([network.ended, ...children.map(describeEnd)]);
    const pages = `http://127.0.0.1:${ports.outbound}/productpage`;
    return {
      packets: {
        packetNamespaces: network.routers.map(({ path }) => path),
        packetInterfaces: [...pods, ...nodes].flatMap(({ name }) => [name, gatewayInterface(name)]),
      },
      ended,
      sendRequests: (options) =>
        start(pods[0], 'load', { command: program('curl'), args: curlArguments(pages, options) }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const folderPrefix = 'spanloom-bookinfo-';
const ownFolder = new RegExp(`^${folderPrefix}(\\d+)-\\w+$`);

/** Of a run that was killed at once only its files are left. */
function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, processId] = ownFolder.exec(name) ?? [];
    if (processId !== undefined && !existsSync(`/proc/${processId}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function program(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/** How the service of a pod is started; the load generator has none. */
function serviceCommand(pod: PodName): Command | undefined {
  const file = (name: string): string => projectFile('demo', 'services', 'bookinfo', name);
  const own = String(ports.service);
  const services = `http://127.0.0.1:${ports.outbound}`;
  switch (pod) {
    case 'loadgenerator':
      return undefined;
    case 'productpage':
      return { command: program('python3'), args: [file('productpage.py'), own, services] };
    case 'details':
      return { command: program('ruby'), args: [file('details.rb'), own] };
    case 'reviews':
      return { command: program('java'), args: ['-Xmx128m', file('Reviews.java'), own, services] };
    case 'ratings':
      return { command: process.execPath, args: [file('ratings.mjs'), own] };
  }
}

const listening = '0A';

/** Does someone listen there, in the network namespace of that process? */
function listens(processId: number, address: string, port: number): boolean {
  const numbers = Buffer.from(address.split('.').map(Number)).reverse().toString('hex');
  const own = `${numbers}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
  const mapped = `0000000000000000FFFF0000${own}`;
  try {
    return ['tcp', 'tcp6'].some((name) =>
      readFileSync(`/proc/${processId}/net/${name}`, 'utf8')
        .split('\n')
        .some((line) => {
          const [, local, , state] = line.trim().split(/\s+/);
          return state === listening && (local === own || local === mapped);
        }),
    );
  } catch {
    return false;
  }
}
