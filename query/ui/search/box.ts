/** A part of the heatmap: from when to when, from how long to how long. */
export interface Box {
  /** Unix nanoseconds. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly minNs: number;
  readonly maxNs: number;
}

/** As the address has it. */
export const boxText = ({ fromNs, toNs, minNs, maxNs }: Box): string => [fromNs, toNs, minNs, maxNs].join('-');

/** Undefined where the text is no box. */
export function parseBox(text: string): Box | undefined {
  const match = /^(\d{1,19})-(\d{1,19})-(\d{1,15})-(\d{1,15})$/.exec(text);
  if (match === null) return undefined;
  return { fromNs: BigInt(match[1]!), toNs: BigInt(match[2]!), minNs: Number(match[3]), maxNs: Number(match[4]) };
}
