import { setTimeout as sleep } from 'node:timers/promises';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import type { Broker } from '../../scripts/kafka/broker.ts';
import type { Input } from './inputs.ts';
import type { MeasuredProcess } from './run-process.ts';

/** A load that goes on. */
export interface SustainOptions {
  readonly broker: Broker;
  readonly prefix: string;
  /** Its load without end is what is sent. */
  readonly input: Input;
  readonly stage: MeasuredProcess;
  /** Records a second. */
  readonly rate: number;
  readonly minutes: number;
}

const sendEveryMs = 200;
const sampleEveryMs = 5_000;

/** Feeds a stage and watches its lag: bounded when the second half is not above the first. */
export async function sustain(options: SustainOptions): Promise<{ readonly fed: number; readonly text: string }> {
  const { broker, prefix, input, stage, rate, minutes } = options;
  const bus = openKafkaBus({ brokers: broker.brokers, prefix });
  const lags: { readonly messages: number; readonly seconds: number }[] = [];
  let isOver = false;
  async function watch(): Promise<void> {
    while (!isOver) {
      await sleep(sampleEveryMs);
      const { lagMessages, lagSeconds } = await stage.progress();
      lags.push({ messages: lagMessages, seconds: lagSeconds });
    }
  }
  const watching = watch();
  const startedAtMs = performance.now();
  const endMs = startedAtMs + minutes * 60_000;
  const recordsPerMessage = input.records / input.messages.length;
  let sent = 0;
  try {
    const producer = await bus.producer();
    const messages = input.endless()[Symbol.iterator]();
    for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
      const due = Math.floor(((nowMs - startedAtMs) / 1000) * (rate / recordsPerMessage)) - sent;
      const batch: OutgoingMessage[] = [];
      while (batch.length < due) batch.push(messages.next().value as OutgoingMessage);
      await producer.send(batch);
      sent += batch.length;
      await sleep(sendEveryMs);
    }
  } finally {
    isOver = true;
    await bus.close();
    await watching;
  }
  const half = lags.length >> 1;
  const most = (part: typeof lags): string =>
    `${Math.max(...part.map(({ messages }) => messages))} messages, ${Math.max(...part.map(({ seconds }) => seconds)).toFixed(1)} s`;
  const text = `greatest lag in the first half ${most(lags.slice(0, half))}, in the second ${most(lags.slice(half))}`;
  return { fed: (sent * recordsPerMessage) / ((performance.now() - startedAtMs) / 1000), text };
}
