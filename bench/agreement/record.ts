import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientOutcome, findProgram } from '../../protocols/testing/programs.ts';
import { captureWhile } from './capture.ts';
import { clientKinds, type ClientKind } from './clients.ts';
import { type Ecosystem, installLibraries } from './libraries.ts';
import { type ServerKind, serverKinds } from './servers.ts';

/** What one client said to one server. */
export interface Recording {
  readonly protocol: ServerKind['protocol'];
  readonly server: string;
  readonly client: string;
  readonly port: number;
  /** A pcap file. */
  readonly file: string;
}

/** Where captures and libraries go, and which clients are wanted. */
export interface RecordOptions {
  readonly captures: string;
  readonly cache: string;
  /** Only servers and clients whose name has this in it. */
  readonly only: string;
  readonly note: (line: string) => void;
}

/** Whether the server, the client or the protocol is asked for. */
export function isWanted(only: string, ...names: readonly string[]): boolean {
  return only === '' || names.some((name) => name.includes(only));
}

/** Records every client against each of its servers, one after the other. Says what is skipped, and why. */
export async function recordAll(options: RecordOptions): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (const kind of serverKinds) {
    const clients = clientKinds.filter(
      ({ name, servers }) => servers.includes(kind.name) && isWanted(options.only, name, kind.name, kind.protocol),
    );
    if (clients.length === 0) continue;
    const absent = missing(kind.programs);
    if (absent === '') recordings.push(...(await recordServer(kind, clients, options)));
    else options.note(`skipped: ${kind.name}: not installed: ${absent}`);
  }
  return recordings;
}

function missing(programs: readonly string[]): string {
  return programs.filter((program) => findProgram(program) === undefined).join(', ');
}

const unavailable = new Map<Ecosystem, Promise<string | undefined>>();

async function reasonToSkip({ programs, libraries }: ClientKind, cache: string): Promise<string | undefined> {
  const absent = missing(programs);
  if (absent !== '') return `not installed: ${absent}`;
  if (libraries === undefined) return undefined;
  if (!unavailable.has(libraries)) unavailable.set(libraries, installLibraries(libraries, cache));
  return unavailable.get(libraries);
}

async function recordServer(
  kind: ServerKind,
  clients: readonly ClientKind[],
  { captures, cache, note }: RecordOptions,
): Promise<Recording[]> {
  const recordings: Recording[] = [];
  const { protocol, name: server, start } = kind;
  mkdirSync(cache, { recursive: true });
  const running = await start();
  const { port } = running;
  try {
    for (const client of clients) {
      const reason = await reasonToSkip(client, cache);
      if (reason !== undefined) {
        note(`skipped: ${client.name} to ${server}: ${reason}`);
        continue;
      }
      const file = join(captures, fileName([protocol, server, client.name, String(port)]));
      const folder =
        client.libraries === undefined ? mkdtempSync(join(cache, 'client-')) : join(cache, client.libraries);
      const startedMs = Date.now();
      let complaint = '';
      const dropped = await captureWhile(file, port, async () => {
        const outcome = await client.run(port, folder);
        if (isOutcome(outcome) && outcome.code !== 0) {
          complaint = `, ended with ${outcome.code}: ${outcome.output.trim().split('\n').slice(-3).join(' ').slice(-300)}`;
        }
      });
      note(`recorded ${client.name} to ${server} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s${complaint}`);
      if (dropped > 0) {
        // Both readers would guess at the holes, each in its way.
        note(`left out: ${client.name} to ${server}: ${dropped} packets were not captured`);
        rmSync(file);
        continue;
      }
      recordings.push({ protocol, server, client: client.name, port, file });
    }
  } finally {
    await running.stop();
  }
  return recordings;
}

function isOutcome(value: unknown): value is ClientOutcome {
  return typeof value === 'object' && value !== null && 'code' in value;
}

function fileName(parts: readonly string[]): string {
  return `${parts.map((part) => encodeURIComponent(part)).join('~')}.pcap`;
}

/** What a capture file of an earlier run holds; undefined when it is none. */
export function recordingOf(folder: string, name: string): Recording | undefined {
  if (!name.endsWith('.pcap')) return undefined;
  const parts = name.slice(0, -'.pcap'.length).split('~').map(decodeURIComponent);
  const [protocol = '', server = '', client = '', port = ''] = parts;
  const kind = serverKinds.find((one) => one.protocol === protocol);
  return kind === undefined
    ? undefined
    : { protocol: kind.protocol, server, client, port: Number(port), file: join(folder, name) };
}
