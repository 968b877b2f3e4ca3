const units = [
  { ns: 86_400_000_000_000, name: 'd' },
  { ns: 3_600_000_000_000, name: 'h' },
  { ns: 60_000_000_000, name: 'min' },
  { ns: 1_000_000_000, name: 's' },
  { ns: 1_000_000, name: 'ms' },
  { ns: 1_000, name: 'µs' },
] as const;

/** A duration in nanoseconds with three significant digits: `1.24 ms`. */
export function durationText(ns: number): string {
  if (ns < 0) return `−${durationText(-ns)}`;
  const unit = units.find((each) => ns >= each.ns * 0.9995);
  if (unit === undefined) return `${Math.round(ns)} ns`;
  const value = ns / unit.ns;
  return `${value >= 99.95 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)} ${unit.name}`;
}

const unitOfName: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['ms', 1e6],
  ['', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['min', 60e9],
  ['h', 3600e9],
]);

/** Nanoseconds of what a person typed, such as `20ms` or `1.5 s`; a bare number is milliseconds. Undefined where it is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-zµ]*)\s*$/i.exec(text);
  const unit = match === null ? undefined : unitOfName.get(match[2]!.toLowerCase());
  return unit === undefined ? undefined : Math.round(Number(match![1]) * unit);
}

/** Nanoseconds as a parameter of the API. */
export function durationParameter(ns: number): string {
  const whole = Math.floor(ns / 1e6);
  return `${whole}.${String(Math.round(ns - whole * 1e6)).padStart(6, '0')}ms`;
}

/** A share: `34 %`, `0.4 %`. */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent >= 9.95 || percent === 0 ? Math.round(percent) : percent.toFixed(1)} %`;
}
