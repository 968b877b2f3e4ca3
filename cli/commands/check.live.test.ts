import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { projectFile } from '../../core/project-files.ts';
import { libpcapFiles, withoutFiles } from '../../native/packets/testing/launchers.ts';
import { captureMissing, describeWhere, rootMissing } from '../../test/requirement.ts';

const command = [process.execPath, '--import', 'tsx', projectFile('cli', 'main.ts'), 'check'];

/** In front of a command: leaves it one right only. */
const only = (right: string): readonly string[] => [
  'setpriv',
  ...['--bounding-set', `-all,+${right}`, '--inh-caps', '-all'],
];

function check(launcher: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const [program, ...parameters] = [...launcher, ...command];
  const { status, stdout, stderr } = spawnSync(program!, parameters, {
    encoding: 'utf8',
    env: { ...process.env, ...settings },
  });
  return { status, said: stdout + stderr };
}

const packets = { SPANLOOM_COLLECTOR_PACKETS_ENABLED: 'true' };
const packetsOnly = { ...packets, SPANLOOM_COLLECTOR_CAPTURE_ENABLED: 'false' };

describeWhere(rootMissing() ?? captureMissing(), 'spanloom check', () => {
  it('is content with all rights', () => {
    const { status, said } = check([], packets);
    expect(said).toContain('packets, capture: works');
    expect(said).toMatch(/All \d+ kernel programs work here/);
    expect(status).toBe(0);
  });

  it('is content with CAP_NET_RAW alone, where only packets are captured', () => {
    const { status, said } = check(only('net_raw'), packetsOnly);
    expect(said).toContain('packets, capture: works');
    expect(said).toContain('packets, other network namespaces: missing, takes CAP_SYS_ADMIN');
    expect(said).toContain('No kernel program is needed');
    expect(status).toBe(0);
  });

  it('is content without libpcap, which only filters take', () => {
    const { status, said } = check(withoutFiles(libpcapFiles()), packetsOnly);
    expect(said).toContain('packets, capture: works');
    expect(said).toContain('packets, filters as text: missing, takes libpcap');
    expect(status).toBe(0);
  });

  it('is not content where something is missing that is switched on', () => {
    const withoutPrograms = check(only('net_raw'));
    expect(withoutPrograms.status).not.toBe(0);
    const withoutPackets = check(only('bpf'), packetsOnly);
    expect(withoutPackets.said).toContain('SPANLOOM_COLLECTOR_PACKETS_ENABLED takes CAP_NET_RAW');
    expect(withoutPackets.status).not.toBe(0);
  });
});
