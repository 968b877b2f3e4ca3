import { describe, expect, it } from 'vitest';
import { stageNames } from '../../cli/stages.ts';
import { topics } from '../../core/topics.ts';
import { grants } from '../testing/kafka-grants.ts';

describe('the rights on Kafka', () => {
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

  it('let collectors write what agents say, under their signatures, and nothing else, and read nothing', () => {
    const collectors = grants().filter(({ user }) => user === 'spanloom-collector');
    const may = (operation: string): readonly string[] =>
      collectors.filter(({ operations }) => operations.includes(operation)).flatMap((grant) => grant.topics);
    expect(may('Write').toSorted()).toEqual(['spanloom.agent-resources', 'spanloom.events']);
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
