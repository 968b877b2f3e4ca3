import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectFile } from '../core/project-files.ts';
import { describeWhere } from '../test/requirement.ts';
import { programsMissing, runProgram } from './testing/check-programs.ts';

const servicesOf = (text: string): object => (parse(text, { merge: true }) as { readonly services: object }).services;

describeWhere(programsMissing('compose'), 'the compose file, as docker compose reads it', () => {
  const path = projectFile('deploy', 'compose.yaml');

  it('is a valid project', () => {
    const { ok, output, errors } = runProgram('compose', [path], {
      environment: { CLICKHOUSE_PASSWORD: 'one', REDIS_PASSWORD: 'two', KAFKA_PASSWORD: 'three' },
    });
    expect(errors).toBe('');
    expect(ok).toBe(true);
    expect(Object.keys(servicesOf(output)).toSorted()).toEqual(
      Object.keys(servicesOf(readFileSync(path, 'utf8'))).toSorted(),
    );
  });

  it('does not start without passwords, and says where they are set', () => {
    const { ok, errors } = runProgram('compose', [path], {
      environment: { CLICKHOUSE_PASSWORD: '', REDIS_PASSWORD: '', KAFKA_PASSWORD: '' },
    });
    expect(ok).toBe(false);
    expect(errors).toContain('set it in deploy/.env');
  });
});
