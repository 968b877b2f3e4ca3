/** Loop probes, and reading of processes, where the processes mean harm. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProgramInspection } from './capture.ts';
import { addonPath, capturePrograms, loadNative } from './load.ts';
import { canCapture, LiveEvents, python } from './testing/live-events.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-loops-'));
  chmodSync(folder, 0o755);
});
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a program that prints a line when it is as it should be, and then stays. */
async function start(command: string, ...args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [data] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as unknown[];
  if (!Buffer.isBuffer(data)) throw new Error(`${command} has ended`);
  return child.pid!;
}

/** Maps files under these names, does something to them, and stays. */
const mapping = (names: string, afterwards: string): [string, ...string[]] =>
  python(`
import mmap
maps = []
for path in ${names}:
    open(path, 'wb').write(b'x' * 4096 + os.fsencode(path))
    with open(path, 'rb') as file: maps.append(mmap.mmap(file.fileno(), 4096, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE))
${afterwards}
print('ready', flush=True); time.sleep(60)`);

/** Sets the size of the entries of all symbol tables to 0. */
function withoutEntrySizes(path: string): void {
  const file = readFileSync(path);
  const sections = Number(file.readBigUInt64LE(40));
  for (let index = 0; index < file.readUInt16LE(60); index++) {
    const section = sections + index * 64;
    if ([2, 11].includes(file.readUInt32LE(section + 4))) file.writeBigUInt64LE(0n, section + 56);
  }
  writeFileSync(path, file);
}

describe.skipIf(!canCapture())('loop probes', () => {
  let live: LiveEvents;
  beforeAll(() => (live = new LiveEvents({ readPython: false })));
  afterAll(() => live.capture.stop());

  it('are attached once for each file, also to one that has been removed since', async () => {
    const path = join(folder, 'node');
    copyFileSync(process.execPath, path);
    const script = 'console.log("ready"); setTimeout(() => {}, 60_000)';
    const first = await start(path, '-e', script);
    rmSync(path);
    expect(await live.capture.inspectPrograms(first, false)).toEqual({
      files: [{ path: `${path} (deleted)`, probes: 1 }],
      leftOut: 0,
    });
    expect(await live.capture.inspectPrograms(first, true)).toEqual({ files: [], leftOut: 0 });
  });

  it('are not attached where there is no loop, no program and no process', async () => {
    const processId = await start('/bin/sh', '-c', 'echo ready; read never < /dev/zero');
    expect(await live.capture.inspectPrograms(processId, true)).toEqual({ files: [], leftOut: 0 });
    expect(await live.capture.inspectPrograms(2 ** 22 + 1, true)).toBeUndefined();
    // A kernel thread.
    expect(await live.capture.inspectPrograms(2, true)).toEqual({ files: [], leftOut: 0 });
  });

  it('survive a program whose symbols have no size', async () => {
    const path = join(folder, 'sh');
    copyFileSync('/bin/sh', path);
    withoutEntrySizes(path);
    const processId = await start(path, '-c', 'echo ready; read never < /dev/zero');
    expect(await live.capture.inspectPrograms(processId, true)).toEqual({ files: [], leftOut: 0 });
  });

  it.each([
    ['a FIFO', `os.unlink(path); os.mkfifo(path)`],
    ['a link to what is not of this process', `os.unlink(path); os.symlink('/proc/1/root/bin/sh', path)`],
    ['a file that others read slowly', `os.truncate(path, 0)`],
  ])('look at the file that is mapped, and never at %s in its place', async (_, afterwards) => {
    const processId = await start(...mapping(`['${folder}/libuv.so.1']`, afterwards));
    expect(await live.capture.inspectPrograms(processId, true)).toEqual({ files: [], leftOut: 0 });
  });

  it('look at a mapped file whatever its name is', async () => {
    const names = [
      'libuv.so.1\n7f-80 r-xp 0 08:01 1 ',
      'libuv.so.3 (deleted)',
      'libuv- .so',
      'libuv.so.\udcff',
      'libuv.so\\012',
    ];
    const list = `['${folder}/' + name for name in ${JSON.stringify(names)}]`;
    const processId = await start(...mapping(list, ''));
    expect(await live.capture.inspectPrograms(processId, true)).toEqual({ files: [], leftOut: 0 });
  });

  it('look at sixteen libraries of a process, and say of how many they did not', async () => {
    const names = `['${folder}/libuv.so.%d' % number for number in range(300)]`;
    const processId = await start(...mapping(names, ''));
    expect(await live.capture.inspectPrograms(processId, true)).toEqual({ files: [], leftOut: 284 });
  });

  it('without the right to follow links to mapped files still never open another file', async () => {
    const names = ['fifo', 'link', 'same'].map((name) => `${folder}/${name}/libuv.so.1`);
    const afterwards = `
os.unlink(maps_of[0]); os.mkfifo(maps_of[0])
os.unlink(maps_of[1]); os.symlink('${process.execPath}', maps_of[1])`;
    const made = `[os.makedirs(os.path.dirname(path)) or path for path in ${JSON.stringify(names)}]`;
    const processId = await start(...mapping(made, `maps_of = ${JSON.stringify(names)}${afterwards}`));
    const script = `
      const capture = require(${JSON.stringify(addonPath)}).startCapture(${JSON.stringify({
        ...{ objectPath: capturePrograms, firstEventId: 1, payloadBytes: 512, continuationBytes: 32 },
        ...{ ringBytes: 65536, maxSockets: 1024, pollIntervalMs: 5, batchIntervalMs: 0, maxUnacknowledgedBlocks: 64 },
        excludedProcessIds: [],
      })}, () => undefined);
      const alive = setInterval(() => {}, 1000);
      capture.inspectPrograms(${processId}, true).then((inspection) => {
        console.log(JSON.stringify(inspection));
        clearInterval(alive);
        return capture.stop();
      });`;
    const without = ['--bounding-set', '-sys_admin,-checkpoint_restore', process.execPath, '-e', script];
    const child = spawn('setpriv', without, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    await once(child, 'close');
    const { files, leftOut } = JSON.parse(output) as ProgramInspection;
    // In the order of their addresses.
    const byPath = files.toSorted((left, right) => (left.path < right.path ? -1 : 1));
    expect({ files: byPath, leftOut }).toEqual({
      files: [
        { path: names[0], probes: 0, error: `${names[0]} is no regular file.` },
        { path: names[1], probes: 0, error: `${names[1]} is another file than the one that is mapped.` },
      ],
      leftOut: 0,
    });
  });
});

describe.skipIf(!canCapture())('the memory of a process', () => {
  it('is its command line and environment, and nothing of a process that is gone', async () => {
    const native = loadNative();
    const processId = await start('/usr/bin/env', '-i', 'A=1', '/bin/sh', '-c', 'echo ready; read never < /dev/zero');
    const memory = await native.readProcessMemory(processId);
    expect(memory?.commandLine.toString()).toBe('/bin/sh\0-c\0echo ready; read never < /dev/zero\0');
    expect(memory?.environment.toString()).toBe('A=1\0');
    expect(await native.readProcessMemory(2 ** 22 + 1)).toBeUndefined();
  });

  it('is read up to a bound', async () => {
    const native = loadNative();
    const large = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L'].map(
      (name) => `${name}=${'x'.repeat(120_000)}`,
    );
    const processId = await start(
      '/usr/bin/env',
      '-i',
      ...large,
      '/bin/sh',
      '-c',
      'echo ready; read never < /dev/zero',
      'y'.repeat(100_000),
    );
    const memory = await native.readProcessMemory(processId);
    expect(memory?.commandLine).toHaveLength(64 * 1024);
    expect(memory?.environment).toHaveLength(1024 * 1024);
  });
});
