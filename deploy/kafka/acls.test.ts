import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stageNames, stages } from '../../cli/stages.ts';
import { projectFile } from '../../core/project-files.ts';
import { topics } from '../../core/topics.ts';
import { grants } from '../testing/kafka-grants.ts';
import { withStageRights } from './stage-rights.ts';

describe('the rights on Kafka', () => {
  it('are those that the definitions of the stages say: otherwise run `npm run docs` and commit what it writes', () => {
    const script = readFileSync(projectFile('deploy', 'kafka', 'acls.sh'), 'utf8');
    expect(script).toBe(withStageRights(script));
  });

  it('let the operator put dead letters back where they came from: what stages with dead letters read', () => {
    const sources = stages.filter(({ writes }) => writes.includes('dead-letter')).flatMap(({ reads }) => reads);
    const written = grants()
      .filter(({ user, operations }) => user === 'spanloom-operator' && operations.includes('Write'))
      .flatMap((grant) => grant.topics);
    expect(new Set(written)).toEqual(new Set(sources.map(({ topic }) => `spanloom.${topic}`)));
  });

  it('cover every consumer group of a stage, since its name begins with that of the stage', () => {
    for (const { name, reads } of stages)
      for (const { group } of reads) expect(group.startsWith(name), group).toBe(true);
  });

  it('name topics that exist, each written by a stage and, but for what people look at, read by one', () => {
    const by = (operation: string): readonly string[] =>
      grants()
        .filter(({ user, operations }) =>
          stageNames.some((stage) => user === `spanloom-${stage}` && operations.includes(operation)),
        )
        .flatMap((grant) => grant.topics.map((topic) => topic.replace('spanloom.', '')));
    expect(new Set(by('Write'))).toEqual(new Set(topics));
    expect(new Set([...by('Read'), 'dead-letter'])).toEqual(new Set(topics));
  });

  it('let collectors write what agents say, under their signatures, counts of their own work, and nothing else, and read nothing', () => {
    const collectors = grants().filter(({ user }) => user === 'spanloom-collector');
    const may = (operation: string): readonly string[] =>
      collectors.filter(({ operations }) => operations.includes(operation)).flatMap((grant) => grant.topics);
    expect(may('Write').toSorted()).toEqual(['spanloom.agent-resources', 'spanloom.events', 'spanloom.stage-reports']);
    expect(may('Read')).toEqual([]);
    expect(collectors.flatMap(({ groups }) => groups)).toEqual([]);
    for (const { isPrefixed, operations } of collectors) if (isPrefixed) expect(operations).toEqual(['Describe']);
  });

  it('let one stage write each topic that decides what spans are, and besides it only the operator', () => {
    const writers = (topic: string): readonly string[] =>
      grants()
        .filter(({ operations, topics: named }) => operations.includes('Write') && named.includes(`spanloom.${topic}`))
        .map(({ user }) => user.replace('spanloom-', ''));
    expect(writers('resources')).toEqual(['resources', 'operator']);
    expect(writers('resource-ids')).toEqual(['resources']);
    expect(writers('spans')).toEqual(['enricher', 'operator']);
    expect(writers('linked')).toEqual(['correlator', 'operator']);
    expect(writers('traces')).toEqual(['correlator', 'operator']);
  });

  it('let nobody do everything, nor delete', () => {
    for (const { operations } of grants({ OTLP_TOPIC: 'otlp_spans' })) {
      expect(operations.length).toBeGreaterThan(0);
      for (const operation of operations)
        expect(['Read', 'Write', 'Describe', 'DescribeConfigs', 'Create', 'Alter', 'AlterConfigs']).toContain(
          operation,
        );
    }
  });

  it('let only the user of topics change topics, and each stage join only its own groups', () => {
    const changing = grants().filter(({ operations }) => operations.some((each) => /Create|Alter/.test(each)));
    expect(changing.map(({ user }) => user)).toEqual(['spanloom-topics']);
    for (const { user, groups } of grants().filter((grant) => grant.user !== 'spanloom-operator'))
      for (const group of groups) expect(group).toBe(user.replace('spanloom-', 'spanloom.'));
  });

  it('follow the prefix of the pipeline and of its users', () => {
    for (const { user, topics: named, groups } of grants({ PREFIX: 'test.', USER_PREFIX: 'CN=' })) {
      expect(user).toMatch(/^CN=\w+$/);
      for (const name of [...named, ...groups]) expect(name).toMatch(/^test\./);
    }
  });
});
