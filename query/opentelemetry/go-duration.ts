const nsByUnit: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** A duration as Go's time.ParseDuration reads it, such as 1h30m or 2.5s, in nanoseconds; undefined when it is none. */
export function goDurationNs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/u.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gu))
    sum += Number(amount) * nsByUnit[unit!]!;
  return Math.min(Math.round(sum), Number.MAX_SAFE_INTEGER - 1);
}
