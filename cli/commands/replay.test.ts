import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectFile } from '../../core/project-files.ts';
import { replay, type ReplayOptions } from './replay.ts';

const recording = projectFile('demo', 'recording.avro');
const { signal } = new AbortController();
let folder: string;
let json: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-replay-'));
  json = join(folder, 'traces.json');
  writeFileSync(json, 'made yesterday');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function replayed(path: string, options: Partial<ReplayOptions> = {}): Promise<void> {
  return replay(path, { speed: 'max', json, ...options }, signal);
}

describe('a replay that cannot begin', () => {
  it('says of its input what is wrong with it, and touches nothing', async () => {
    const notes = join(folder, 'notes');
    writeFileSync(notes, 'hello');
    const dataDir = join(folder, 'data');
    const before = readdirSync(folder);
    await expect(replayed(notes, { dataDir })).rejects.toThrow(
      `${notes} is neither a recording nor a capture file (pcap or pcapng).`,
    );
    await expect(replayed(folder, { dataDir })).rejects.toThrow(`${folder} is a folder, not a file.`);
    await expect(replayed(join(folder, 'x'), { dataDir })).rejects.toThrow(`${join(folder, 'x')} does not exist.`);
    await expect(replayed(recording, { follow: true })).rejects.toThrow('--follow belongs to - as the file');
    const followedAgain = replay('-', { speed: 'max', follow: true, intoKafka: true, skip: 3 }, signal);
    await expect(followedAgain).rejects.toThrow('--skip is for an input that is given again');
    await expect(replayed(recording, { dataDir, resources: folder })).rejects.toThrow(
      `${folder} is a folder, not a file.`,
    );
    await expect(replayed(recording, { dataDir, resources: recording })).rejects.toThrow(
      `${recording} cannot be used:\n  line 1: This is no YAML: it is binary`,
    );
    expect(readFileSync(json, 'utf8')).toBe('made yesterday');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('names the folder that is missing for its output', async () => {
    const missing = join(folder, 'reports');
    await expect(replayed(recording, { json: join(missing, 'traces.json') })).rejects.toThrow(
      `the folder ${missing} does not exist`,
    );
  });

  it('mixes nothing into a data directory', async () => {
    for (const name of ['log', 'clickhouse']) {
      const dataDir = join(folder, name);
      mkdirSync(join(dataDir, name), { recursive: true });
      await expect(replayed(recording, { dataDir })).rejects.toThrow(`${dataDir} is a data directory already`);
    }
  });

  it('never writes over what it reads', async () => {
    const copy = join(folder, 'copy.avro');
    writeFileSync(copy, readFileSync(recording));
    await expect(replayed(copy, { json: `${folder}/./copy.avro` })).rejects.toThrow('is read by this command');
    expect(readFileSync(copy)).toEqual(readFileSync(recording));
  });
});
