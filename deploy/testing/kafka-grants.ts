import { execFileSync } from 'node:child_process';
import { projectFile } from '../../core/project-files.ts';

/** What one command of deploy/kafka/acls.sh grants. */
export interface Grant {
  readonly user: string;
  readonly operations: readonly string[];
  readonly topics: readonly string[];
  readonly groups: readonly string[];
  /** Topics and groups are beginnings of names. */
  readonly isPrefixed: boolean;
}

/** Everything that deploy/kafka/acls.sh grants with this environment, without a broker. */
export function grants(environment: Readonly<Record<string, string>> = {}): readonly Grant[] {
  const env = { PATH: process.env['PATH'], KAFKA_ACLS: 'echo', BROKERS: 'kafka:9093', ...environment };
  const text = execFileSync('bash', [projectFile('deploy', 'kafka', 'acls.sh')], { env, encoding: 'utf8' });
  const all = (line: string, option: string): readonly string[] =>
    [...line.matchAll(new RegExp(`--${option} (\\S+)`, 'g'))].map((match) => match[1]!);
  return text
    .trim()
    .split('\n')
    .map((line) => ({
      user: all(line, 'allow-principal')[0]!.replace('User:', ''),
      operations: all(line, 'operation'),
      topics: all(line, 'topic'),
      groups: all(line, 'group'),
      isPrefixed: all(line, 'resource-pattern-type').includes('prefixed'),
    }));
}
