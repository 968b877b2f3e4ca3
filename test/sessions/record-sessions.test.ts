import { beforeAll, describe, expect, it } from 'vitest';
import { recordSessions, type RecordedSessions } from './record-sessions.ts';
import { bytesOf, callsSeenBy, type Session } from './session.ts';

describe('sessions of real clients and servers', () => {
  let recorded: RecordedSessions;
  beforeAll(async () => {
    recorded = await recordSessions();
    if (recorded.missing.length > 0 && process.env['TEST_REQUIRE_ALL'] === '1')
      throw new Error(recorded.missing.join());
    for (const sentence of recorded.missing) process.stderr.write(`skipped: ${sentence}\n`);
  });

  const kindsOf = (sessions: readonly Session[]): ReadonlySet<string> =>
    new Set(sessions.flatMap((session) => session.secrets.map(({ kind }) => `${session.protocol}: ${kind}`)));

  it('have both directions of every connection that was used', () => {
    expect(recorded.sessions.length).toBeGreaterThan(0);
    for (const session of recorded.sessions) {
      expect([session.scenario, bytesOf(session, 'to-server').length > 0]).toEqual([session.scenario, true]);
      expect([session.scenario, bytesOf(session, 'to-client').length > 0]).toEqual([session.scenario, true]);
    }
  });

  it('know the secret bytes of every login, and have none where nothing is secret', () => {
    for (const session of recorded.sessions) {
      const text = bytesOf(session, 'to-server').toString('latin1') + bytesOf(session, 'to-client').toString('latin1');
      const inClear = [...new Set(text.match(/zS\d\dSecret/g) ?? [])].sort();
      const known = session.secrets.filter(({ kind }) => kind === 'password').map(({ bytes }) => bytes.toString());
      expect([session.client, session.scenario, known.sort()]).toEqual([session.client, session.scenario, inClear]);
    }
    const expected: Readonly<Record<Session['protocol'], readonly string[]>> = {
      redis: ['redis: password'],
      postgresql: ['postgresql: md5 answer', 'postgresql: password', 'postgresql: scram proof'],
      mysql: ['mysql: native answer', 'mysql: password'],
      http1: ['http1: basic credentials', 'http1: password'],
    };
    for (const [protocol, kinds] of Object.entries(expected)) {
      if (recorded.missing.some((sentence) => sentence.includes(protocol))) continue;
      const sessions = recorded.sessions.filter((session) => session.protocol === protocol);
      expect([...kindsOf(sessions)].sort()).toEqual(kinds);
      expect(sessions.some(({ secrets }) => secrets.length === 0)).toBe(true);
    }
  });

  it('are seen from both hosts', () => {
    const session = recorded.sessions[0]!;
    const directions = session.calls.map(({ direction }) => direction);
    expect(callsSeenBy(session, 'client').map(({ direction }) => direction)).toEqual(
      directions.map((direction) => (direction === 'to-server' ? 'egress' : 'ingress')),
    );
    expect(callsSeenBy(session, 'server').map(({ direction }) => direction)).toEqual(
      directions.map((direction) => (direction === 'to-server' ? 'ingress' : 'egress')),
    );
  });
});
