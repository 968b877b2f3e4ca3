import type { ReceivedMessage } from '../../core/bus/bus.ts';
export interface DemoOptions {
  readonly once?: boolean;
  x?: ReceivedMessage;
}
export async function demo(_options: DemoOptions, _signal: AbortSignal): Promise<void> {}
