/** A selector of TraceQL to a condition on spans, and bounds of the whole trace. */
import {
  numberCondition,
  searchableAttribute,
  searchableAttributes,
  textCondition,
} from '../opentelemetry/searchable-attributes.ts';
import {
  negated,
  never,
  type NumberComparison,
  type SpanCondition,
  type TextTest,
} from '../opentelemetry/span-condition.ts';
import { parseTraceql } from './parse-traceql.ts';
import { type Comparison, type Selector, TraceqlError, type TraceqlValue } from './traceql.ts';

/** What a query selects. */
export interface TraceqlCondition {
  readonly condition: SpanCondition;
  /** Of the whole trace in nanoseconds, both allowed. */
  readonly minDurationNs?: number;
  readonly maxDurationNs?: number;
}

type Test = Extract<Selector, { kind: 'test' }>;

/** What a query selects, or what is wrong with it in one sentence. */
export type ReadTraceql =
  ({ readonly kind: 'condition' } & TraceqlCondition) | { readonly kind: 'problem'; readonly problem: string };

/** Reads a query; the empty one selects every span. Never throws. */
export function readTraceql(text: string): ReadTraceql {
  const parsed = parseTraceql(text);
  if (parsed.kind === 'problem') return parsed;
  try {
    return { kind: 'condition', ...traceqlCondition(parsed.selector) };
  } catch (error) {
    if (error instanceof TraceqlError) return { kind: 'problem', problem: error.message };
    throw error;
  }
}

/** @throws TraceqlError that names what cannot be searched */
function traceqlCondition(selector: Selector): TraceqlCondition {
  const terms = selector.kind === 'and' ? selector.terms : [selector];
  const ofTrace = terms.filter(isTraceDuration);
  const others = terms.filter((term) => !isTraceDuration(term)).map(conditionOf);
  const bounds = ofTrace.map(durationBounds);
  const least = bounds.flatMap(({ min }) => (min === undefined ? [] : [min]));
  const most = bounds.flatMap(({ max }) => (max === undefined ? [] : [max]));
  return {
    condition:
      others.length === 1
        ? others[0]!
        : others.length === 0
          ? { kind: 'always', holds: true }
          : { kind: 'and', terms: others },
    ...(least.length === 0 ? {} : { minDurationNs: Math.max(...least) }),
    ...(most.length === 0 ? {} : { maxDurationNs: Math.min(...most) }),
  };
}

function isTraceDuration(selector: Selector): selector is Test {
  return selector.kind === 'test' && selector.field.scope === 'intrinsic' && selector.field.name === 'traceDuration';
}

function durationBounds({ comparison, value, position }: Test): { readonly min?: number; readonly max?: number } {
  const ns = durationOf(value, position);
  switch (comparison) {
    case '>':
      return { min: ns + 1 };
    case '>=':
      return { min: ns };
    case '<':
      return { max: ns - 1 };
    case '<=':
      return { max: ns };
    case '=':
      return { min: ns, max: ns };
    case '!=':
    case '=~':
    case '!~':
      throw new TraceqlError(position, `a duration of a trace takes no ${comparison}`);
  }
}

function conditionOf(selector: Selector): SpanCondition {
  switch (selector.kind) {
    case 'and':
    case 'or':
      return { kind: selector.kind, terms: selector.terms.map(conditionOf) };
    case 'not':
      return negated(conditionOf(selector.term));
    case 'always':
      return selector;
    case 'test':
      return selector.field.scope === 'intrinsic'
        ? intrinsicCondition(selector)
        : attributeCondition(selector, selector.field.scope);
  }
}

function intrinsicCondition(test: Test): SpanCondition {
  const { field, comparison, value, position } = test;
  switch (field.name) {
    case 'name':
      return isNegation(comparison)
        ? negated({ kind: 'name', test: textTest(test) })
        : { kind: 'name', test: textTest(test) };
    case 'duration':
      return { kind: 'number', field: 'duration_ns', comparison: orderOf(test), value: durationOf(value, position) };
    case 'status':
      return equality(test, statusCondition(value, position));
    case 'kind':
      return equality(test, kindCondition(value, position));
    case 'traceDuration':
      throw new TraceqlError(
        position,
        'the duration of a trace is only supported beside other conditions, joined with &&',
      );
    default:
      throw new TraceqlError(position, `${field.name} cannot be searched`);
  }
}

function equality({ comparison, position }: Test, condition: SpanCondition): SpanCondition {
  if (comparison !== '=' && comparison !== '!=') throw new TraceqlError(position, `status and kind take = and != only`);
  return comparison === '=' ? condition : negated(condition);
}

function statusCondition(value: TraceqlValue, position: number): SpanCondition {
  if (value.kind === 'word' && value.word === 'error') return { kind: 'error' };
  if (value.kind === 'word' && value.word === 'unset') return negated({ kind: 'error' });
  // Only an application may say so.
  if (value.kind === 'word' && value.word === 'ok') return never;
  throw new TraceqlError(position, 'a status is one of error, ok, unset');
}

const sides: ReadonlySet<string> = new Set(['client', 'server', 'internal']);

function kindCondition(value: TraceqlValue, position: number): SpanCondition {
  if (value.kind !== 'word' || ['error', 'ok', 'unset'].includes(value.word))
    throw new TraceqlError(position, 'a kind is one of server, client, internal, producer, consumer, unspecified');
  return sides.has(value.word) ? { kind: 'side', side: value.word as 'client' | 'server' | 'internal' } : never;
}

function attributeCondition(test: Test, scope: 'resource' | 'span' | 'any'): SpanCondition {
  const { field, comparison, value, position } = test;
  const attribute = searchableAttribute(scope, field.name);
  if (attribute === undefined) {
    const names = searchableAttributes
      .filter(({ isFormer }) => isFormer !== true)
      .map((known) => `${known.scope}.${known.name}`);
    throw new TraceqlError(
      position,
      `${JSON.stringify(field.name.slice(0, 100))} cannot be searched; there are ${names.join(', ')}`,
    );
  }
  if (value.kind === 'nil') {
    const isThere = textCondition(attribute, { kind: 'present' }, false);
    if (comparison !== '=' && comparison !== '!=') throw new TraceqlError(position, 'nil takes = and != only');
    return comparison === '!=' ? isThere : negated(isThere);
  }
  const { source } = attribute;
  if (source.kind !== 'number') return textCondition(attribute, textTest(test), isNegation(comparison));
  const number =
    value.kind === 'text' && /^\d{1,15}$/.test(value.text)
      ? Number(value.text)
      : value.kind === 'number'
        ? value.value
        : undefined;
  if (number === undefined) throw new TraceqlError(position, `${field.name} is compared with a number`);
  return numberCondition(source, orderOf(test), number);
}

const isNegation = (comparison: Comparison): boolean => comparison === '!=' || comparison === '!~';

/** The test without its negation. */
function textTest({ comparison, value, position }: Test): TextTest {
  if (value.kind !== 'text') throw new TraceqlError(position, 'a text is compared with a text in quotes');
  switch (comparison) {
    case '=':
    case '!=':
      return { kind: 'equal', text: value.text };
    case '=~':
    case '!~':
      return { kind: 'matches', pattern: value.text };
    default:
      throw new TraceqlError(position, `a text takes no ${comparison}`);
  }
}

function orderOf({ comparison, position }: Test): NumberComparison {
  if (comparison === '=~' || comparison === '!~') throw new TraceqlError(position, `a number takes no ${comparison}`);
  return comparison;
}

function durationOf(value: TraceqlValue, position: number): number {
  if (value.kind === 'duration') return Math.min(value.ns, Number.MAX_SAFE_INTEGER - 1);
  // A number without a unit is one of nanoseconds.
  if (value.kind === 'number') return Math.min(Math.max(Math.round(value.value), 0), Number.MAX_SAFE_INTEGER - 1);
  throw new TraceqlError(position, 'a duration is compared with one such as 10ms or 1.5s');
}
