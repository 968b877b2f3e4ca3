/** Where values stand alone, without one before or after: no line is drawn from those. */
export function isolatedAt(values: ArrayLike<number | null | undefined>): number[] {
  const has = (at: number): boolean => typeof values[at] === 'number';
  return Array.from(values, (_, at) => at).filter((at) => has(at) && !has(at - 1) && !has(at + 1));
}
