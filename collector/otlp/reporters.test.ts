import { expect, it } from 'vitest';
import { otlpType } from '../../opentelemetry/testing/otlp-messages.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readResource } from '../../schemas/generated/resource.ts';
import { Reporters } from './reporters.ts';

const resourceOf = (attributes: Readonly<Record<string, string>>): Buffer => {
  const type = otlpType('Resource');
  const list = Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  return Buffer.from(type.encode(type.fromObject({ attributes: list })).finish());
};
const minute = 60_000;

/** Reports at a time in minutes; returns what is published. */
function reporting(maxProcesses: number) {
  const reporters = new Reporters({ agentId: 5, hostResourceId: 7, validFromNs: 9n, maxProcesses });
  return (attributes: Readonly<Record<string, string>>, minutes: number) =>
    reporters
      .hear(resourceOf(attributes), minutes * minute)
      .map(({ value }) => readResource(new AvroReader(Buffer.from(value))))
      .map(({ name, labels, validToNs }) => ({ name, labels, ended: validToNs > 0n }));
}

it('a program is published once, and again when its attributes have changed, at most once a minute', () => {
  const report = reporting(10);
  const first = { 'service.name': 'a', 'service.version': '1' };
  const second = { 'service.name': 'a', 'service.version': '2' };
  expect(report(first, 0)).toEqual([{ name: 'a', labels: first, ended: false }]);
  expect(report(first, 5)).toEqual([]);
  expect(report(second, 5)).toEqual([{ name: 'a', labels: second, ended: false }]);
  expect(report(first, 5.5)).toEqual([]);
  expect(report(second, 6)).toEqual([]);
  expect(report(first, 7)).toEqual([{ name: 'a', labels: first, ended: false }]);
});

it('beyond the bound one that was silent for ten minutes makes room, and else none is published', () => {
  const report = reporting(2);
  const named = (name: string): Readonly<Record<string, string>> => ({ 'service.name': name });
  expect(report(named('a'), 0)).toHaveLength(1);
  expect(report(named('b'), 1)).toHaveLength(1);
  expect(report(named('a'), 5)).toEqual([]);
  expect(report(named('c'), 10)).toEqual([]);
  expect(report(named('c'), 11)).toMatchObject([
    { name: 'b', ended: true },
    { name: 'c', ended: false },
  ]);
  expect(report(named('b'), 12)).toEqual([]);
});
