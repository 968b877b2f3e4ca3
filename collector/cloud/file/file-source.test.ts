import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResourceRegister } from '../../resources/resource-state.ts';
import { FileSource } from './file-source.ts';

let folder = '';
let over = new AbortController();
let running: Promise<void> = Promise.resolve();
const told: string[][] = [];
const events: { readonly name: string; readonly fields: unknown }[] = [];

const register: ResourceRegister = {
  replaceAll: (states) => told.push(states.map(({ name }) => name)),
  put: () => expect.unreachable(),
  end: () => expect.unreachable(),
};
const telemetry = {
  emit: ({ name }: { readonly name: string }, fields?: unknown) => void events.push({ name, fields }),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-file-source-'));
  over = new AbortController();
  told.length = 0;
  events.length = 0;
});
afterEach(async () => {
  over.abort();
  await running;
  rmSync(folder, { recursive: true, force: true });
});

function start(path: string, intervalMs = 60_000): void {
  running = new FileSource({ path, intervalMs, telemetry }).run({ of: () => register }, over.signal);
}

describe('a file of resources as a source', () => {
  it('is a real file: a pipe would be waited for, a device never ends', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero']) {
      const sentence = `${path} is a pipe or a device, not a file.`;
      start(path);
      await vi.waitFor(() => expect(events.at(-1)?.fields).toEqual({ path, problems: [sentence] }));
      over.abort();
      await running;
      over = new AbortController();
    }
  });

  it('is read again when it changes, and a bad edit leaves what it said before', async () => {
    const path = join(folder, 'resources.yaml');
    writeFileSync(path, 'regions: [one]');
    start(path);
    await vi.waitFor(() => expect(told).toEqual([['one']]));
    writeFileSync(path, 'regions: [one\nvpc: []\n');
    await vi.waitFor(() => expect(events.at(-1)?.name).toBe('resource_file_refused'));
    expect(events.at(-1)?.fields).toMatchObject({ path, problems: [expect.stringMatching(/^line \d+: /)] });
    expect(told).toHaveLength(1);
    writeFileSync(path, 'regions: [one, two]');
    await vi.waitFor(() => expect(told.at(-1)).toEqual(['one', 'two']));
    rmSync(path);
    await vi.waitFor(() => expect(events.at(-1)?.name).toBe('resource_file_refused'));
    expect(told).toHaveLength(2);
  });

  it('may be missing at first, and is told of once', async () => {
    const path = join(folder, 'later.yaml');
    start(path, 20);
    await vi.waitFor(() => expect(events).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(events).toHaveLength(1);
    writeFileSync(path, 'regions: [one]');
    await vi.waitFor(() => expect(told).toEqual([['one']]));
  });

  it('may be a link to another folder that is exchanged, as a ConfigMap is mounted', async () => {
    const path = join(folder, 'mounted.yaml');
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    writeFileSync(first, 'regions: [one]');
    writeFileSync(second, 'regions: [two]');
    symlinkSync(first, path);
    start(path);
    await vi.waitFor(() => expect(told).toEqual([['one']]));
    symlinkSync(second, `${path}.new`);
    renameSync(`${path}.new`, path);
    await vi.waitFor(() => expect(told.at(-1)).toEqual(['two']));
  });
});
