/**
 * What capture of packets costs and what it carries:
 *
 * 1. capture: a flood of datagrams with 64 bytes over a veth pair, once into `tcpdump -w /dev/null`, once into our rings and flows,
 *    with the same filter; packets a second of processor time, and drops
 * 2. path: packets of HTTP connections from memory to segments, and to spans, in one core
 * 3. memory: 100,000 connections with an unacknowledged request each, and a million tuples of SYN
 * 4. host: throughput of nginx while its port is captured, by tcpdump into /dev/null and by our rings and flows
 *
 * As root: `npm run bench -- packets [packets of the flood] [rounds]`. Prints medians, and ratios within the run.
 */
import { execFileSync, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { eventBatchMessage } from '../collector/capture/event-batch-message.ts';
import { encodeFlowBlock } from '../collector/replay/encode-flow-block.ts';
import { createEnricher } from '../enricher/stage.ts';
import { testConfig } from '../enricher/testing/run-agent.ts';
import { loadNative } from '../native/load.ts';
import type { FlowBlock } from '../native/packets/flow-blocks.ts';
import { ip, NamespacePair } from '../native/packets/testing/namespace-pair.ts';
import { dissectors } from '../protocols/dissectors.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';
import type { Captured } from './packets/capture-process.ts';
import { CaptureChunks, exchanges, handshakes, openRequests, startNs, syns } from './packets/traffic.ts';

const floodPackets = Number(process.argv[2] ?? 2_000_000);
const rounds = Number(process.argv[3] ?? 5);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1]!;
const thousands = (value: number): string => Math.round(value).toLocaleString('en');

/** Processor time of the threads of a process so far, in seconds. */
function processorSeconds(processId: number): number {
  const threads = readdirSync(`/proc/${processId}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${processId}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9;
}

/** Processor time that a function takes, in seconds. */
function timed(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** A capture that runs; at its end it says what it has counted. */
interface Running<Counts> {
  readonly child: ChildProcess;
  readonly end: () => Promise<Counts>;
}

/** Waits until it says that it captures; `signal` ends it. */
async function untilCapturing(
  child: ChildProcess,
  stream: Readable,
  { says, signal }: { says: string; signal: NodeJS.Signals },
): Promise<Running<string>> {
  let said = '';
  stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!said.includes(says)) await once(stream, 'data');
  return {
    child,
    end: async () => {
      child.kill(signal);
      await once(child, 'close');
      return said;
    },
  };
}

/** Starts our capture in a namespace. */
async function startCapture(pair: NamespacePair, options: object): Promise<Running<Captured>> {
  const script = here('packets/capture-process.ts');
  const started = pair.run(pair.server, process.execPath, ['--import', 'tsx', script, JSON.stringify(options)]);
  const { child, end } = await untilCapturing(started, started.stdout!, { says: 'ready', signal: 'SIGTERM' });
  return { child, end: async () => JSON.parse((await end()).trim().split('\n').at(-1)!) as Captured };
}

/** Captures into /dev/null. */
function startTcpdump(pair: NamespacePair, filter: string): Promise<Running<string>> {
  const started = pair.run(pair.server, 'tcpdump', ['-ipair0', '-w/dev/null', '-s2048', '-B16384', filter]);
  return untilCapturing(started, started.stderr!, { says: 'listening', signal: 'SIGINT' });
}

interface FloodResult {
  readonly captured: number;
  readonly dropped: number;
  readonly processorSeconds: number;
}

async function floodIntoTcpdump(pair: NamespacePair, flood: () => Promise<void>): Promise<FloodResult> {
  const { child, end } = await startTcpdump(pair, 'udp');
  const before = processorSeconds(child.pid!);
  await flood();
  const seconds = processorSeconds(child.pid!) - before;
  const said = await end();
  const number = (pattern: RegExp): number => Number(pattern.exec(said)?.[1] ?? NaN);
  return {
    captured: number(/(\d+) packets? captured/),
    dropped: number(/(\d+) packets? dropped by kernel/),
    processorSeconds: seconds,
  };
}

async function floodIntoRings(pair: NamespacePair, flood: () => Promise<void>): Promise<FloodResult> {
  const { child, end } = await startCapture(pair, { filter: 'udp', ringBytes: 16 * 16 * 1024 * 1024 });
  const before = processorSeconds(child.pid!);
  await flood();
  const seconds = processorSeconds(child.pid!) - before;
  const { read, dropped } = await end();
  return { captured: read, dropped, processorSeconds: seconds };
}

async function benchCapture(pair: NamespacePair): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-bench-packets-'));
  try {
    const program = join(folder, 'flood');
    execFileSync('cc', ['-O2', '-o', program, here('packets/flood.c')]);
    const results: Record<'tcpdump' | 'spanloom', FloodResult[]> = { tcpdump: [], spanloom: [] };
    const sent: number[] = [];
    const flood = async (): Promise<void> => {
      const began = performance.now();
      const child = pair.run(pair.client, program, ['pair0', String(floodPackets), '64', '1000']);
      child.stdout!.resume();
      await once(child, 'close');
      sent.push(floodPackets / ((performance.now() - began) / 1000));
    };
    for (let round = 0; round < rounds; round++) {
      results.tcpdump.push(await floodIntoTcpdump(pair, flood));
      results.spanloom.push(await floodIntoRings(pair, flood));
    }
    console.log(`1. capture: ${thousands(floodPackets)} datagrams of 64 bytes at ${thousands(median(sent))} a second`);
    const rate = (result: FloodResult): number => result.captured / result.processorSeconds;
    for (const [name, all] of Object.entries(results)) {
      const kept = median(all.map(({ captured }) => captured / floodPackets));
      const lost = median(all.map(({ dropped }) => dropped / floodPackets));
      console.log(
        `   ${name.padEnd(8)} ${thousands(median(all.map(rate))).padStart(10)} packets a second of a core, ` +
          `${(100 * kept).toFixed(1)} % captured, ${(100 * lost).toFixed(1)} % dropped`,
      );
    }
    const ratio = median(results.spanloom.map(rate)) / median(results.tcpdump.map(rate));
    console.log(`   spanloom / tcpdump: ${ratio.toFixed(2)} (tcpdump only copies; spanloom parses and follows flows)`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const pathFlows = 250;
const pathExchanges = 200;

function pathChunks(): readonly Buffer[] {
  const file = new CaptureChunks();
  const chunks = [file.chunk(handshakes(0, pathFlows))];
  for (let nth = 0; nth < pathExchanges; nth++) chunks.push(file.chunk(exchanges(0, pathFlows, nth)));
  return chunks;
}

function benchPath(): void {
  const chunks = pathChunks();
  const packets = 3 * pathFlows + 4 * pathFlows * pathExchanges;
  const seconds: Record<'frames' | 'segments' | 'spans', number[]> = { frames: [], segments: [], spans: [] };
  let spans = 0;
  for (let round = 0; round <= rounds; round++) {
    const frames = loadNative().createFrameReader();
    const framesTook = timed(() => chunks.forEach((chunk) => frames.read(chunk)));
    const flows = loadNative().createFlowReader({});
    const blocks: FlowBlock[] = [];
    const segmentsTook = timed(() => {
      for (const chunk of chunks) blocks.push(...flows.read(chunk).blocks);
      blocks.push(...flows.end().blocks);
    });
    const enricher = createEnricher({ ...testConfig, maxSockets: 10_000, maxOpenRequests: 10_000 }, { dissectors });
    spans = 0;
    const spansTook = timed(() => {
      for (const [offset, block] of blocks.entries()) {
        const head = { agentId: 5, hostName: 'bench', sequence: offset + 1, firstTimeNs: startNs, interfaces: [] };
        const batch = encodeFlowBlock(block, head);
        const { topic, key, headers } = eventBatchMessage(head.agentId, batch);
        const message = { topic, key, headers: headers ?? {}, value: batch, partition: 0, offset, timestampMs: 0 };
        for (const output of enricher.process(message, 0))
          if (output.topic === 'spans') spans += readSpanBatch(new AvroReader(output.value as Buffer)).spans.length;
      }
    });
    // The first round warms up.
    if (round === 0) continue;
    seconds.frames.push(framesTook);
    seconds.segments.push(segmentsTook);
    seconds.spans.push(segmentsTook + spansTook);
  }
  if (spans !== pathFlows * pathExchanges) throw new Error(`${spans} spans of ${pathFlows * pathExchanges} calls`);
  const rate = (part: keyof typeof seconds): number => packets / median(seconds[part]);
  console.log(`2. path: ${thousands(packets)} packets of ${thousands(spans)} calls, packets a second of one core`);
  console.log(`   to frames   ${thousands(rate('frames')).padStart(10)}`);
  console.log(
    `   to segments ${thousands(rate('segments')).padStart(10)}, ${(rate('segments') / rate('frames')).toFixed(2)} of frames`,
  );
  console.log(
    `   to spans    ${thousands(rate('spans')).padStart(10)}, ${(rate('spans') / rate('segments')).toFixed(2)} of segments`,
  );
}

/** In a process of its own: its memory would be that of what ran before. */
function measureMemory(): void {
  const chunkFlows = 1_000;
  const before = process.memoryUsage.rss();
  const reader = loadNative().createFlowReader({ maxFlows: 100_000 });
  const file = new CaptureChunks();
  const feed = (count: number, packetsOf: (from: number, to: number) => Buffer[]): void => {
    for (let from = 0; from < count; from += chunkFlows) {
      reader.read(file.chunk(packetsOf(from, from + chunkFlows)));
      // What is read is not what is measured.
      if (from % (10 * chunkFlows) === 0) global.gc?.();
    }
  };
  feed(100_000, handshakes);
  feed(100_000, openRequests);
  global.gc?.();
  const full = process.memoryUsage.rss();
  const { openFlows } = reader.counts();
  console.log(
    `3. memory: ${thousands(openFlows)} connections take ${((full - before) / 1e6).toFixed(0)} MB of this process`,
  );
  feed(1_000_000, (from, to) => syns(from + 200_000, to + 200_000));
  global.gc?.();
  const counts = reader.counts();
  console.log(
    `   after a million tuples of SYN: ${((process.memoryUsage.rss() - before) / 1e6).toFixed(0)} MB, ` +
      `${thousands(counts.openFlows)} open, ${thousands(counts.evicted)} made way (${thousands(counts.evictedOpening)} of them SYNs)`,
  );
}

const nginxPort = 8088;
const wrkSeconds = 4;

async function benchHost(pair: NamespacePair): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-bench-packets-'));
  try {
    const file = join(folder, 'nginx.conf');
    const server = `server { listen ${nginxPort}; access_log off; location / { return 200 "hello\\n"; } }`;
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {} http { keepalive_requests 1000000; ${server} }`,
    );
    pair.run(pair.server, 'nginx', ['-c', file, '-e', join(folder, 'error.log')]);
    const url = `http://10.77.0.2:${nginxPort}/`;
    const retries = ['--retry', '20', '--retry-connrefused', '--retry-delay', '1'];
    const first = pair.run(pair.client, 'curl', ['-s', ...retries, url]);
    first.stdout!.resume();
    await once(first, 'close');
    const load = async (): Promise<number> => {
      const child = pair.run(pair.client, 'wrk', ['-t1', '-c32', `-d${wrkSeconds}s`, url]);
      let said = '';
      child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await once(child, 'close');
      return Number(/Requests\/sec:\s+([\d.]+)/.exec(said)![1]);
    };
    const filter = `tcp port ${nginxPort}`;
    const without: number[] = [];
    const ratios: Record<'tcpdump' | 'spanloom', number[]> = { tcpdump: [], spanloom: [] };
    let dropped = 0;
    for (let round = 0; round < rounds; round++) {
      without.push(await load());
      const tcpdump = await startTcpdump(pair, filter);
      ratios.tcpdump.push((await load()) / without.at(-1)!);
      await tcpdump.end();
      without.push(await load());
      const spanloom = await startCapture(pair, { filter, ringBytes: 16 * 16 * 1024 * 1024 });
      ratios.spanloom.push((await load()) / without.at(-1)!);
      dropped += (await spanloom.end()).dropped;
    }
    console.log(`4. host: nginx answers ${thousands(median(without))} requests a second without capture`);
    console.log(`   with tcpdump / without:  ${median(ratios.tcpdump).toFixed(2)}`);
    console.log(
      `   with spanloom / without: ${median(ratios.spanloom).toFixed(2)}, ${thousands(dropped)} packets dropped in all`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'memory') measureMemory();
else {
  benchPath();
  const memory = ['--expose-gc', '--import', 'tsx', fileURLToPath(import.meta.url), 'memory'];
  process.stdout.write(spawnSync(process.execPath, memory, { encoding: 'utf8' }).stdout);
  const pair = await NamespacePair.open();
  try {
    ip(`-n ${pair.server} link set pair0 promisc on`);
    await benchCapture(pair);
    await benchHost(pair);
  } finally {
    await pair.close();
  }
}
