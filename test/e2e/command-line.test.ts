/** What commands say to people who call them in a way or in a place that does not work. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listen } from '../../core/listen.ts';
import { spanloom, startSpanloom, untilSays, withoutRights } from './spanloom.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-command-line-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('without the right to capture', () => {
  it('every right that is missing is named, and no file is left', async () => {
    const path = join(folder, 'never.avro');
    const recorded = await spanloom(['record', path], { SPANLOOM_DATA_DIR: join(folder, 'data') }, withoutRights);
    expect(recorded.code).toBe(3);
    for (const right of ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_PTRACE'])
      expect(recorded.errors).toContain(`${right} is missing`);
    expect(readdirSync(folder)).not.toContain('never.avro');
  });
});

describe.skipIf(process.getuid?.() !== 0)('without the right to look at other processes', () => {
  it('requests are captured all the same, and once it is said what is missing', async () => {
    const path = join(folder, 'requests.avro');
    const launcher = ['setpriv', '--bounding-set=-sys_ptrace'];
    const recording = startSpanloom(['record', path], { SPANLOOM_DATA_DIR: join(folder, 'data') }, launcher);
    const [line] = await untilSays(recording, /^.*capture_rights_missing.*$/m);
    expect(line).toContain('CAP_SYS_PTRACE is missing');
    const server = createHttpServer((_, response) => response.end('seen'));
    const port = await listen(server, { host: '127.0.0.1', port: 0, what: 'A server', portSetting: '' });
    await fetch(`http://127.0.0.1:${port}/without-rights`).then((response) => response.text());
    server.close();
    recording.child.kill('SIGINT');
    expect(await recording.ended).toBe(0);
    expect(recording.errors().match(/capture_rights_missing/g)).toHaveLength(1);
    const replayed = await spanloom(['replay', path, '--json', '-'], { SPANLOOM_DATA_DIR: join(folder, 'data') });
    expect(replayed.output).toContain('/without-rights');
  });
});

describe('traces that another user keeps', () => {
  it('are not told in words of the database', async () => {
    const database = join(folder, 'clickhouse');
    mkdirSync(database);
    mkdirSync(join(database, 'metadata'), { mode: 0o000 });
    const settings = { SPANLOOM_DATA_DIR: folder, SPANLOOM_QUERY_PORT: '1' };
    const listed = await spanloom(['traces'], settings, withoutRights);
    const errors = `spanloom: The database in ${database} may not be read and written by this user.\n`;
    expect(listed).toEqual({ code: 3, output: '', errors });
  });
});

describe('a reader that goes away', () => {
  it('has had enough: that is no error', async () => {
    const helping = startSpanloom(['--help']);
    helping.child.stdout!.destroy();
    expect(await helping.ended).toBe(0);
    expect(helping.errors()).toBe('');
  });
});

describe('a command that asks', () => {
  it('ends at the first Ctrl-C, also while nobody answers it', async () => {
    const server = createServer();
    const asked = new Promise((resolve) => server.once('connection', resolve));
    const port = await listen(server, { host: '127.0.0.1', port: 0, what: 'A server', portSetting: '' });
    const listing = startSpanloom(['traces'], { SPANLOOM_DATA_DIR: folder, SPANLOOM_QUERY_PORT: String(port) });
    await asked;
    listing.child.kill('SIGINT');
    await listing.ended;
    expect(listing.child.signalCode).toBe('SIGINT');
    await new Promise((resolve) => server.close(resolve));
  });
});
