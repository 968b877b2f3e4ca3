import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openReplayKey } from './replay-key.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'replay-key-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('a key to replay with is made once, for its owner alone, and is no agent’s', () => {
  const key = openReplayKey(join(directory, 'new'));
  expect(key.agentId).toBeUndefined();
  expect(openReplayKey(join(directory, 'new')).publicText).toBe(key.publicText);
  expect(readdirSync(join(directory, 'new'))).toEqual(['replay-key.json']);
  expect(statSync(join(directory, 'new', 'replay-key.json')).mode & 0o777).toBe(0o600);
});

it('a damaged key is not replaced: that is said instead', () => {
  const path = join(directory, 'replay-key.json');
  for (const text of ['', '{', '{"version":1,"publicKey":"","privateKey":""}']) {
    writeFileSync(path, text);
    expect(() => openReplayKey(directory)).toThrow(`${path} holds no key to sign with`);
  }
});
