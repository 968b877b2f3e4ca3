const day = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: '2-digit', day: '2-digit' });
const time = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** Unix nanoseconds in the person's time zone, to the millisecond: in lists. */
export function momentText(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  return `${day.format(date)} ${time.format(date)}.${String((ns / 1_000_000n) % 1000n).padStart(3, '0')}`;
}

/** Unix nanoseconds in UTC with all of their digits: `2026-01-31T12:00:00.123456789Z`. */
export function exactMoment(ns: bigint): string {
  const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (ns - rest) / 1_000_000_000n;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(rest).padStart(9, '0')}Z`;
}
