import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { libuvLibraries, LoopProbes } from './loop-probes.ts';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'spanloom-proc-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A process in a made-up /proc, with its own view of the file system. */
function addProcess(processId: number, executable: string, libraries: readonly string[] = []): void {
  mkdirSync(join(root, String(processId), 'root', 'usr', 'lib'), { recursive: true });
  writeFileSync(join(root, executable), '');
  symlinkSync(join(root, executable), join(root, String(processId), 'exe'));
  for (const library of libraries) writeFileSync(join(root, String(processId), 'root', library), '');
  const maps = libraries.map((library) => `7f00-7f01 r-xp 00000000 08:01 12                 ${library}`);
  writeFileSync(join(root, String(processId), 'maps'), ['7ffc-7ffd rw-p 0 00:00 0  [stack]', ...maps, ''].join('\n'));
}

it('tries each file once, however many processes use it, and the libraries of processes that are looked at', () => {
  const tried: string[] = [];
  const capture = { attachLoopProbes: (path: string) => tried.push(path.slice(root.length)) };
  const probes = new LoopProbes(capture, { emit: () => undefined }, root);
  addProcess(1, 'node');
  addProcess(2, 'node');
  probes.scan();
  expect(tried).toEqual(['/1/exe']);
  addProcess(3, 'plugin-host', ['/usr/lib/libuv.so.1.0.0', '/usr/lib/libc.so.6']);
  probes.scan();
  probes.inspect(3);
  expect(tried.slice(1)).toEqual(['/3/exe', '/3/root/usr/lib/libuv.so.1.0.0']);
});

it('goes on when a file cannot be probed', () => {
  const events: string[] = [];
  const capture = {
    attachLoopProbes: () => {
      throw new Error('no symbols');
    },
  };
  const probes = new LoopProbes(capture, { emit: (event) => events.push(event.name) }, root);
  addProcess(1, 'node');
  addProcess(2, 'other');
  probes.scan();
  probes.inspect(99);
  expect(events).toEqual(['loop_probes_failed', 'loop_probes_failed']);
});

it('knows libuv among mapped files', () => {
  const line = (path: string): string => `55d0-55d1 r-xp 00000000 fe:00 4  ${path}`;
  const paths = [
    '/lib/libuv.so.1',
    '/lib/libuv.so.1',
    '/x/uvloop/loop.cpython-311-x86_64-linux-gnu.so',
    '/lib/libuvc.so',
    '/lib/libc.so.6',
  ];
  expect(libuvLibraries([...paths.map(line), '7f-80 rw-p 0 0 0', ''].join('\n'))).toEqual([
    '/lib/libuv.so.1',
    '/x/uvloop/loop.cpython-311-x86_64-linux-gnu.so',
  ]);
});
