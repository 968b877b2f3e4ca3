/**
 * The end of a resource that no publisher saw: it existed at its source's last report, and does not exist now. If another
 * resource got its address, it had ended by then. Starts may be truncated to whole seconds.
 */

/** The start of the owner of an address, by address. */
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

/** Latest possible end of a resource. A resource with an unknown start is not compared with other starts. */
export function latestEnd({ addresses, startNs }: StartedAt, others: StartsByAddress, observedNs: bigint): bigint {
  let latestNs = observedNs;
  for (const address of addresses) {
    const otherNs = others.get(address.join());
    if (otherNs === undefined || startNs === undefined || otherNs <= startNs) continue;
    if (otherNs + 1_000_000_000n < latestNs) latestNs = otherNs + 1_000_000_000n;
  }
  return latestNs;
}
