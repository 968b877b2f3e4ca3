import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostVersions } from './host-versions.ts';
import { hostResource } from '../processes/resources.ts';

const boot = 1_000n;
const host = (address: number, bootTimeNs = boot) =>
  hostResource({
    ...{ agentId: 7, resourceId: 3, hostName: 'h', bootTimeNs },
    addresses: [Uint8Array.of(10, 0, 0, address)],
    environment: { kernel: '6.1' },
  });
const times = (versions: ReturnType<HostVersions['take']>): readonly (readonly [bigint, bigint, number])[] =>
  versions.map(({ validFromNs, validToNs, addresses }) => [validFromNs, validToNs, addresses[0]![3]!] as const);

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'spanloom-host-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the versions of a host', () => {
  it('begin with the boot, and stay one while nothing changes, also over restarts', () => {
    const versions = new HostVersions(folder);
    expect(times(versions.take(host(1), 5_000n))).toEqual([[boot, 0n, 1]]);
    expect(times(versions.take(host(1), 6_000n))).toEqual([[boot, 0n, 1]]);
    expect(times(new HostVersions(folder).take(host(1), 7_000n))).toEqual([[boot, 0n, 1]]);
  });

  it('end when an address changes, also while nobody looked', () => {
    const versions = new HostVersions(folder);
    versions.take(host(1), 5_000n);
    expect(times(versions.take(host(2), 6_000n))).toEqual([
      [6_000n, 0n, 2],
      [boot, 6_000n, 1],
    ]);
    expect(times(new HostVersions(folder).take(host(3), 7_000n))).toEqual([
      [7_000n, 0n, 3],
      [6_000n, 7_000n, 2],
    ]);
  });

  it('end with the next boot', () => {
    new HostVersions(folder).take(host(1), 5_000n);
    expect(times(new HostVersions(folder).take(host(1, 9_000n), 9_500n))).toEqual([
      [9_000n, 0n, 1],
      [boot, 9_000n, 1],
    ]);
  });

  it('never end before they began, whatever the clock does', () => {
    const versions = new HostVersions(folder);
    versions.take(host(1), 5_000n);
    versions.take(host(2), 6_000n);
    expect(times(versions.take(host(1), 2_000n))).toEqual([
      [6_001n, 0n, 1],
      [6_000n, 6_001n, 2],
    ]);
  });

  it('begin anew where the file is damaged, or of another host', () => {
    writeFileSync(join(folder, 'host.json'), '{"version":1,"schema":"x"');
    expect(times(new HostVersions(folder).take(host(1), 5_000n))).toEqual([[boot, 0n, 1]]);
    const other = { ...host(2), uid: 'other' };
    expect(times(new HostVersions(folder).take(other, 6_000n))).toEqual([[boot, 0n, 2]]);
  });
});
