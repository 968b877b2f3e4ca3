import type { NetworkInterface } from '../../../schemas/generated/event-batch.ts';
import { loadNative } from '../../load.ts';
import type { PacketBlock, PacketCapture, PacketCaptureOptions, PacketProgress } from '../packet-capture.ts';
import { type Interval, intervalsOf, type Segment, segmentsOf } from './flows.ts';

/** Defaults for tests: nothing of the host, whatever has no namespace of its own. */
const options: PacketCaptureOptions = {
  interfaces: ['pair0'],
  namespaces: [],
  filter: 'not icmp6 and not arp',
  excluded: [],
  snapLength: 2048,
  ringBytes: 16 * 1024 * 1024,
  firstSegmentId: 2 ** 52 + 1,
  flows: { firstFlowId: 1, seed: 7 },
  batchIntervalMs: 20,
  maxUnacknowledgedBlocks: 64,
};

/** A capture whose blocks are collected. */
export class LiveFlows {
  readonly blocks: PacketBlock[] = [];
  readonly #capture: PacketCapture;
  readonly #acknowledges: boolean;
  #wake: () => void = () => undefined;

  constructor(own: Partial<PacketCaptureOptions>, acknowledges = true) {
    this.#acknowledges = acknowledges;
    this.#capture = loadNative().startPacketCapture({ ...options, ...own }, (block) => {
      this.blocks.push(block);
      if (this.#acknowledges) this.#capture.acknowledge(1);
      this.#wake();
    });
  }

  get segments(): readonly Segment[] {
    return this.blocks.flatMap(segmentsOf);
  }

  get intervals(): readonly Interval[] {
    return this.blocks.flatMap(intervalsOf);
  }

  /** What was told last. */
  get interfaces(): readonly NetworkInterface[] {
    return this.blocks.findLast(({ interfaces }) => interfaces !== undefined)?.interfaces ?? [];
  }

  get losses(): number {
    return this.blocks.reduce((sum, { losses }) => sum + (losses['packets_dropped'] ?? 0), 0);
  }

  progress(): PacketProgress {
    return this.#capture.progress();
  }

  acknowledge(blocks: number): void {
    this.#capture.acknowledge(blocks);
  }

  /** Blocks come at least twice a second: a condition is looked at after each. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  async stop(): Promise<void> {
    await this.#capture.stop();
  }
}
