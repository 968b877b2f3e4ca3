/** Figures of nodes and edges as texts. */
import { countText, partText, rateText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import type { MapEdge, MapNode } from './map-model.ts';

/** Those of a node that served nothing: it only calls. */
export function nodeFigures({ calls, errors, p99_ns }: MapNode, seconds: number): readonly string[] {
  if (calls === 0) return ['only calls others'];
  const figures = [rateText(calls / seconds), durationText(p99_ns)];
  return errors > 0 ? [...figures, `✕ ${partText(errors, calls)}`] : figures;
}

/** Rate and p99. */
export function edgeFigures({ calls, p99_ns }: MapEdge, seconds: number): string {
  return `${rateText(calls / seconds)} · ${durationText(p99_ns)}`;
}

/** What is wrong with an edge: errors, packets sent again, resets. */
export function edgeTroubles({ calls, errors, packets, retransmissions, resets }: MapEdge): readonly string[] {
  return [
    ...(errors > 0 ? [`✕ ${partText(errors, calls)}`] : []),
    ...(retransmissions > 0 ? [`↻ ${partText(retransmissions, packets)}`] : []),
    ...(resets > 0 ? [`⊘ ${countText(resets)}`] : []),
  ];
}

/** Its mean round trip; empty where none was seen. */
export const edgeRoundTrip = ({ round_trip_count: count, round_trip_mean_ns: meanNs }: MapEdge): string =>
  count > 0 ? `⇄ ${durationText(meanNs)}` : '';

/** Width of an edge in pixels: it grows with the logarithm of the rate. */
export function edgeWidth({ calls }: MapEdge, seconds: number): number {
  return Math.min(6, 1 + Math.log10(1 + (10 * calls) / seconds));
}

/** A text of at most so many characters, without its middle. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - end)}…${text.slice(text.length - end)}`;
}
