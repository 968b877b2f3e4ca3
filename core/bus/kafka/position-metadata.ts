/** `emittedBelow` of a position travels in the metadata that Kafka keeps beside a committed offset: `s1:<emittedBelow>`. */

/** The metadata of a position. */
export function writePositionMetadata(emittedBelow: number): string {
  return `s1:${emittedBelow}`;
}

/** `emittedBelow` of a committed offset; the offset itself when the metadata is missing or not ours. */
export function readPositionMetadata(metadata: string | null | undefined, offset: number): number {
  const match = /^s1:(\d{1,16})$/.exec(metadata ?? '');
  const emittedBelow = match === null ? offset : Number(match[1]);
  return Number.isSafeInteger(emittedBelow) ? Math.max(offset, emittedBelow) : offset;
}
