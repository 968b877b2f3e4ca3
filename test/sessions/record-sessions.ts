import { findProgram } from '../../protocols/testing/programs.ts';
import { recordHttpSessions } from './http-sessions.ts';
import { recordMysqlSessions } from './mysql-sessions.ts';
import { recordPostgresSessions } from './postgresql-sessions.ts';
import { recordRedisSessions } from './redis-sessions.ts';
import type { SessionRecorder } from './session-recorder.ts';
import type { Session } from './session.ts';

/** What real clients and servers of this machine said to each other. */
export interface RecordedSessions {
  readonly sessions: readonly Session[];
  /** Every password and token that was used: none may be seen anywhere once secrets are overwritten. */
  readonly secrets: readonly string[];
  /** What could not be recorded because programs are not installed, one sentence each. */
  readonly missing: readonly string[];
}

const kinds: readonly {
  readonly protocol: Session['protocol'];
  readonly programs: readonly string[];
  readonly record: () => Promise<SessionRecorder[]>;
}[] = [
  { protocol: 'redis', programs: ['redis-server', 'redis-cli'], record: recordRedisSessions },
  { protocol: 'postgresql', programs: ['postgres', 'initdb', 'psql', 'pgbench'], record: recordPostgresSessions },
  { protocol: 'mysql', programs: ['mariadbd', 'mariadb', 'mariadb-install-db'], record: recordMysqlSessions },
  { protocol: 'http1', programs: ['curl', 'python3'], record: recordHttpSessions },
];

/**
 * Starts real servers, lets real clients work against them and returns what went over each connection. Takes some ten
 * seconds, so call it once for many tests.
 * @param protocols which to record; all by default
 */
export async function recordSessions(
  protocols: readonly Session['protocol'][] = kinds.map(({ protocol }) => protocol),
): Promise<RecordedSessions> {
  const recorders: SessionRecorder[] = [];
  const missing: string[] = [];
  for (const { protocol, programs, record } of kinds) {
    if (!protocols.includes(protocol)) continue;
    const absent = programs.filter((program) => findProgram(program) === undefined);
    if (absent.length > 0) missing.push(`no ${protocol} sessions: not installed: ${absent.join(', ')}`);
    else recorders.push(...(await record()));
  }
  return {
    sessions: recorders.flatMap((recorder) => recorder.sessions),
    secrets: [...new Set(recorders.flatMap((recorder) => [...recorder.secrets]))].sort(),
    missing,
  };
}
