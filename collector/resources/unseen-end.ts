/**
 * When something ended that nobody saw ending: it was there when its source was heard of last, and is not among what
 * there is now. When another has its address, it was gone. Starts may be whole seconds, cut off.
 */

/** The start of whoever has an address, by the address. */
export type StartsByAddress = ReadonlyMap<string, bigint>;

/** Who has an address since when; in Unix nanoseconds. */
export interface StartedAt {
  readonly addresses: readonly Uint8Array[];
  readonly startNs: bigint | undefined;
}

/** Of several at one address the last one counts. */
export function startsByAddress(started: Iterable<StartedAt>): StartsByAddress {
  const starts = new Map<string, bigint>();
  for (const { addresses, startNs } of started)
    if (startNs !== undefined) for (const address of addresses) starts.set(address.join(), startNs);
  return starts;
}

/** Until when it can have been there. Of what began at an unknown time no other start tells anything. */
export function latestEnd({ addresses, startNs }: StartedAt, others: StartsByAddress, observedNs: bigint): bigint {
  let latestNs = observedNs;
  for (const address of addresses) {
    const otherNs = others.get(address.join());
    if (otherNs === undefined || startNs === undefined || otherNs <= startNs) continue;
    if (otherNs + 1_000_000_000n < latestNs) latestNs = otherNs + 1_000_000_000n;
  }
  return latestNs;
}
