const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const units = [
  { at: 1e12, name: 'T' },
  { at: 1e9, name: 'G' },
  { at: 1e6, name: 'M' },
  { at: 1e4, name: 'k' },
] as const;

/** A count with all of its digits: `1,234,567`. */
export const countText = (count: number): string => whole.format(count);

/** A count with three significant digits where it is long: `9,876`, `12.3 k`, `1.23 M`. */
export function shortCount(count: number): string {
  const unit = units.find(({ at }) => count >= at * 0.9995);
  if (unit === undefined) return whole.format(count);
  const value = count / (unit.name === 'k' ? 1_000 : unit.at);
  return `${value >= 99.95 ? whole.format(value) : value.toPrecision(3)} ${unit.name}`;
}

/** A rate: `12.3/s`, `1.2/min` where less than one in ten seconds happens, `0/s`. */
export function rateText(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.1) return `${significant(perSecond * 60)}/min`;
  return perSecond >= 9_995 ? `${shortCount(perSecond)}/s` : `${significant(perSecond)}/s`;
}

function significant(value: number): string {
  if (value >= 99.5) return whole.format(value);
  return value < 0.01 ? '< 0.01' : String(Number(value.toPrecision(value >= 10 ? 3 : 2)));
}

/** Bytes: `812 B`, `1.2 kB`, `34 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${whole.format(bytes)} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${value >= 99.5 ? whole.format(value) : value.toPrecision(2)} ${['', 'k', 'M', 'G', 'T'][power]}B`;
}

/** `1 pod`, `2 pods`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** A part of a whole, never rounded to nothing or to all: `34 %`, `< 0.1 %`, `> 99.9 %`. */
export function partText(part: number, whole: number): string {
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 0.05) return '< 0.1 %';
  if (percent >= 99.5 && percent < 100) return percent > 99.95 ? '> 99.9 %' : `${percent.toFixed(1)} %`;
  return `${percent >= 9.95 || percent === 0 ? Math.round(percent) : percent.toFixed(1)} %`;
}
