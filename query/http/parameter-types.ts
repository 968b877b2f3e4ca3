/** Types of parameters: text of a URL to a value, and back for a client. What they cannot read they refuse in one sentence. */
import { z } from 'zod';
import { durationMsSetting, integerSetting } from '../../core/config/setting.ts';

/** Longest text that is searched for. */
export const maxTextLength = 1000;

/** Any text. @param maxLength in characters */
export function textParameter(description: string, maxLength = maxTextLength): z.ZodString {
  return z.string().max(maxLength, `must have at most ${maxLength} characters`).meta({ description });
}

/** One of a closed list of words. */
export function choiceParameter<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  description: string,
) {
  return z.enum(choices, { error: `must be one of ${choices.join(', ')}` }).meta({ description });
}

/** A whole number. Bounds are allowed values. */
export function integerParameter(
  bounds: { readonly minimum: number; readonly maximum: number },
  description: string,
): z.ZodType<number, string> {
  const setting = integerSetting({ description, ...bounds });
  const text = z.string().meta({ type: 'integer', ...bounds });
  return textCodec(text, (given) => readBy(setting, given), String).meta({ description });
}

/** true or false. */
export function booleanParameter(description: string): z.ZodType<boolean, string> {
  const text = z.enum(['true', 'false'], { error: 'must be true or false' }).meta({ type: 'boolean' });
  const codec = z.codec(text, z.boolean(), {
    decode: (given) => given === 'true',
    encode: (value) => (value ? 'true' : 'false'),
  });
  return (codec as unknown as z.ZodType<boolean, string>).meta({ description });
}

/** A duration such as `250ms` or `1.5s`; without a unit it is in milliseconds. The value is in nanoseconds. */
export function durationNsParameter(description: string): z.ZodType<number, string> {
  const setting = durationMsSetting({ description });
  return textCodec(
    z.string().meta({ examples: ['250ms', '1.5s'] }),
    (given) => {
      const read = readBy(setting, given);
      if ('problem' in read) return read;
      const value = Math.round(read.value * 1e6);
      return Number.isSafeInteger(value) ? { value } : { problem: 'is too long' };
    },
    (nanoseconds) => {
      const whole = Math.floor(nanoseconds / 1e6);
      return `${whole}.${String(nanoseconds - whole * 1e6).padStart(6, '0')}ms`;
    },
  ).meta({ description });
}

/** Unix time by its number of digits: seconds, milliseconds, microseconds, nanoseconds. */
const nanosecondsByDigits: ReadonlyMap<number, bigint> = new Map([
  [10, 1_000_000_000n],
  [13, 1_000_000n],
  [16, 1_000n],
  [19, 1n],
]);

/** Date.parse alone also reads much that is no ISO 8601, each engine in its own way. */
const isoPattern = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;
/** The last whole second that 64 bits of nanoseconds hold. */
const latestNs = 9_223_372_036_000_000_000n;
/** The first with nineteen digits: in 2001. Anything earlier is as good as the beginning. */
const earliestNs = 10n ** 18n;

/** A moment: ISO 8601, or Unix time in seconds, milliseconds, microseconds or nanoseconds. The value is in Unix nanoseconds. */
export function timeNsParameter(description: string): z.ZodType<bigint, string> {
  return textCodec(
    z.string().meta({ examples: ['2026-01-31T12:00:00Z', '1769860800'] }),
    (text) => {
      const value = parseTimeNs(text);
      return value === undefined || value < 0n || value > latestNs
        ? { problem: `must be a time such as 2026-01-31T12:00:00Z or Unix time, not "${text.slice(0, 100)}"` }
        : { value };
    },
    (timeNs) => String(timeNs < earliestNs ? earliestNs : timeNs),
  ).meta({ description });
}

function parseTimeNs(text: string): bigint | undefined {
  const factor = /^\d+$/.test(text) ? nanosecondsByDigits.get(text.length) : undefined;
  if (factor !== undefined) return BigInt(text) * factor;
  const milliseconds = isoPattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n;
}

/** A parameter that may be given several times; the values are a list. */
export function repeatedParameter<Item extends z.ZodType>(item: Item) {
  const { description } = item.meta() ?? {};
  return z.array(item).meta({ isRepeated: true, ...(description === undefined ? {} : { description }) });
}

/** Whether a parameter was made by {@link repeatedParameter}. */
export function isRepeated(type: unknown): boolean {
  for (let layer = type as z.ZodType | undefined; layer !== undefined;) {
    if (layer.meta()?.['isRepeated'] === true) return true;
    layer = (layer._zod.def as { innerType?: z.ZodType }).innerType;
  }
  return false;
}

type Read<Value> = { readonly value: Value } | { readonly problem: string };

/** A type of parameter by its two directions. @param text says in OpenAPI what the text is */
export function textCodec<Value>(
  text: z.ZodString,
  read: (text: string) => Read<Value>,
  write: (value: Value) => string,
): z.ZodType<Value, string> {
  const codec = z.codec(
    text,
    z.custom<Value>((value) => value !== undefined),
    {
      decode: (given, context) => {
        const result = read(given);
        if ('value' in result) return result.value;
        context.issues.push({ code: 'custom', input: given, message: result.problem });
        return z.NEVER;
      },
      encode: write,
    },
  );
  return codec;
}

function readBy<Value>(setting: z.ZodType<Value>, text: string): Read<Value> {
  const result = setting.safeParse(text);
  return result.success
    ? { value: result.data }
    : { problem: result.error.issues.map(({ message }) => message).join('; ') };
}
