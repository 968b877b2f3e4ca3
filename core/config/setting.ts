/**
 * Types of settings. Each reads the text of one environment variable; what it cannot read it refuses with one
 * sentence. What is known of a setting for documentation and printing travels in its zod metadata.
 */
import { z } from 'zod';

/** What every setting says of itself. Without `default` the setting must be given, unless `.optional()` is added. */
export interface SettingFacts {
  /** One sentence: what it does, and when to change it. */
  readonly description: string;
  /** As one would write it in the environment: '64MiB', '5s', 'true'. */
  readonly default?: string;
  /** Never printed, never logged. */
  readonly secret?: boolean;
  /** Its name in the environment in earlier versions, still accepted: SPANLOOM_CORRELATOR_QUIET_MS. */
  readonly formerName?: string;
}

/** Bounds of a number, both allowed; in bytes for sizes, in milliseconds for durations. */
export interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
}

type Parsed<Value> = { readonly value: Value } | { readonly problem: string };

function setting<Value>(type: string, facts: SettingFacts, parse: (text: string) => Parsed<Value>): z.ZodType<Value> {
  const schema = z.string('is required').transform((text, context): Value => {
    const parsed = parse(text);
    if ('value' in parsed) return parsed.value;
    context.addIssue(facts.secret === true ? `must be ${type}` : `${parsed.problem}, not "${text}"`);
    return z.NEVER;
  });
  const { description, secret, formerName } = facts;
  const meta = {
    description,
    type,
    ...(secret === true ? { secret } : {}),
    ...(formerName === undefined ? {} : { formerName }),
  };
  // The text of the default takes the same way as a given text, so a wrong default shows in the first test.
  return (facts.default === undefined ? schema : schema.prefault(facts.default)).meta(meta);
}

const plainNumber: ReadonlyMap<string, number> = new Map([['', 1]]);
const bytesByUnit: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['kB', 1e3],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);
const millisecondsByUnit: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Units of a duration. */
export const durationUnits: readonly string[] = [...millisecondsByUnit.keys()].filter((unit) => unit !== '');

function parseNumber(
  text: string,
  units: ReadonlyMap<string, number>,
  whole: boolean,
  expected: string,
  bounds: Bounds,
  boundUnit = '',
): Parsed<number> {
  const match = /^(-?\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim());
  const factor = match === null ? undefined : units.get(match[2]!);
  if (match === null || factor === undefined) return { problem: `must be ${expected}` };
  const value = Number(match[1]) * factor;
  if (whole && !Number.isSafeInteger(value)) return { problem: `must be ${expected}` };
  if (bounds.minimum !== undefined && value < bounds.minimum)
    return { problem: `must be at least ${bounds.minimum}${boundUnit}` };
  if (bounds.maximum !== undefined && value > bounds.maximum)
    return { problem: `must be at most ${bounds.maximum}${boundUnit}` };
  return { value };
}

/** A whole number. */
export function integerSetting(facts: SettingFacts & Bounds): z.ZodType<number> {
  return setting('integer', facts, (text) => parseNumber(text, plainNumber, true, 'a whole number', facts));
}

/** A number. */
export function numberSetting(facts: SettingFacts & Bounds): z.ZodType<number> {
  return setting('number', facts, (text) => parseNumber(text, plainNumber, false, 'a number', facts));
}

/** A size: '512', '64KiB', '1.5GB'. The value is in bytes; 0 or more. */
export function bytesSetting(facts: SettingFacts & Bounds): z.ZodType<number> {
  const bounds = { minimum: 0, ...facts };
  return setting('size', facts, (text) =>
    parseNumber(text, bytesByUnit, true, 'a size such as 512, 64KiB or 1GB', bounds, ' bytes'),
  );
}

/** A duration: '250', '250ms', '5s', '2m', '1h', '7d'. The value is in milliseconds; 0 or more. */
export function durationMsSetting(facts: SettingFacts & Bounds): z.ZodType<number> {
  const bounds = { minimum: 0, ...facts };
  return setting('duration', facts, (text) =>
    parseNumber(text, millisecondsByUnit, false, 'a duration such as 250ms, 5s or 1h', bounds, ' ms'),
  );
}

/** true or false; also 1, 0, yes, no, on, off. */
export function booleanSetting(facts: SettingFacts): z.ZodType<boolean> {
  return setting('boolean', facts, (text) => {
    const word = text.trim().toLowerCase();
    if (['true', '1', 'yes', 'on'].includes(word)) return { value: true };
    if (['false', '0', 'no', 'off'].includes(word)) return { value: false };
    return { problem: 'must be true or false' };
  });
}

/** Any text that is not empty; `pattern` narrows it, `patternText` says it in words. */
export function textSetting(
  facts: SettingFacts & { readonly pattern?: RegExp; readonly patternText?: string },
): z.ZodType<string> {
  return setting('text', facts, (text) =>
    facts.pattern === undefined || facts.pattern.test(text)
      ? { value: text }
      : { problem: `must be ${facts.patternText ?? `text that matches ${facts.pattern.source}`}` },
  );
}

/** One of a closed list of words. */
export function choiceSetting<const Choice extends string>(
  choices: readonly Choice[],
  facts: SettingFacts,
): z.ZodType<Choice> {
  return setting(choices.join(' | '), facts, (text) => {
    const choice = choices.find((candidate) => candidate === text.trim());
    return choice === undefined ? { problem: `must be one of ${choices.join(', ')}` } : { value: choice };
  });
}

/** Words of a closed list, separated by commas. */
export function choicesSetting<const Choice extends string>(
  choices: readonly Choice[],
  facts: SettingFacts,
): z.ZodType<readonly Choice[]> {
  return setting('list', facts, (text) => {
    const words = text.split(',').map((word) => word.trim());
    const isKnown = words.every((word) => word === '' || choices.some((choice) => choice === word));
    if (!isKnown) return { problem: `must be any of ${choices.join(', ')}` };
    return { value: choices.filter((choice) => words.includes(choice)) };
  });
}

/** A list of texts, separated by commas; spaces around them do not count, empty ones are left out. */
export function listSetting(facts: SettingFacts): z.ZodType<readonly string[]> {
  return setting('list', facts, (text) => ({
    value: text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  }));
}
