/** A duration as people read it: '812 ns', '48.1 ms', '1.35 s', '3 m 20 s'. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds < 1_000) return `${nanoseconds} ns`;
  if (nanoseconds < 999_500) return `${significant(nanoseconds / 1e3)} µs`;
  if (nanoseconds < 999_500_000) return `${significant(nanoseconds / 1e6)} ms`;
  if (nanoseconds < 60e9) return `${significant(nanoseconds / 1e9)} s`;
  const seconds = Math.round(nanoseconds / 1e9);
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}

function significant(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
