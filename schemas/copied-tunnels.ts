import type { Tunnel } from './generated/event-batch.ts';

const none: readonly Tunnel[] = [];

/** The same tunnels, to be kept: those of a batch that was read are views, which would keep all of its bytes alive. */
export function copiedTunnels(tunnels: readonly Tunnel[]): readonly Tunnel[] {
  if (tunnels.length === 0) return none;
  return tunnels.map(({ type, id, source, destination }) => ({
    type,
    id,
    source: source.slice(),
    destination: destination.slice(),
  }));
}
