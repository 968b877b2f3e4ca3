/**
 * Sends one request at a time, in the order of the calls, with all waiting messages in as few requests as their size allows.
 * After a failure it is unknown what was stored, and kafkajs gives the same sequence numbers to the next messages, which a
 * broker would drop as repetitions. So a failed producer is discarded, and everything that waits fails with it: the caller
 * sends it again, in order, and some messages may then be duplicated.
 */
import type { ICustomPartitioner, Message, Producer as KafkajsProducer } from 'kafkajs';
import type { OutgoingMessage, Producer } from '../bus.ts';
import { PipelineError } from '../../errors.ts';
import { partitionOf } from '../partitioner.ts';
import { compressionTypes } from './records/compression.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { kafkaError } from './kafka-error.ts';

/** Bytes of one request, before compression; a single larger message travels alone. */
const requestBytes = 1024 * 1024;
const requestMessages = 10_000;

interface Waiting {
  readonly messages: readonly OutgoingMessage[];
  /** How many are stored. */
  stored: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A repeated request must put every message where the first one did, also when the topic has grown meanwhile. */
const pinnedPartitioner: ICustomPartitioner = () => {
  const pinned = new WeakMap<Message, number>();
  return ({ message, partitionMetadata }) => {
    let partition = pinned.get(message);
    if (partition === undefined) {
      partition = partitionOf((message.key as Buffer).toString(), partitionMetadata.length);
      pinned.set(message, partition);
    }
    return partition;
  };
};

function bytesOf(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** See the head of this file. */
export class KafkaProducer implements Producer {
  readonly #connection: KafkaConnection;
  readonly #onClose: () => void;
  #inner: KafkajsProducer | undefined;
  #waiting: Waiting[] = [];
  #pumping: Promise<void> | undefined;
  #closed = false;

  constructor(connection: KafkaConnection, onClose: () => void) {
    this.#connection = connection;
    this.#onClose = onClose;
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#closed) throw new PipelineError('BUS_CLOSED', 'The producer is closed.');
    if (messages.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ messages, stored: 0, resolve, reject });
      this.#pumping ??= this.#pump().finally(() => (this.#pumping = undefined));
    });
  }

  async #pump(): Promise<void> {
    // Lets calls of the same turn of the event loop travel together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      try {
        await this.#refuseUnknownTopics();
        const request = this.#nextRequest();
        await this.#store(request.map(({ message }) => message));
        for (const { waiting } of request) waiting.stored++;
        while (this.#waiting.length > 0 && this.#waiting[0]!.stored === this.#waiting[0]!.messages.length)
          this.#waiting.shift()!.resolve();
      } catch (error) {
        await this.#discardInner();
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      }
    }
  }

  /** A send to a topic that does not exist fails alone. */
  async #refuseUnknownTopics(): Promise<void> {
    for (const waiting of [...this.#waiting]) {
      try {
        await this.#connection.requireTopics(new Set(waiting.messages.map(({ topic }) => topic)));
      } catch (error) {
        if (!(error instanceof PipelineError) || error.code !== 'BUS_UNKNOWN_TOPIC') throw error;
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        waiting.reject(error);
      }
    }
  }

  #nextRequest(): readonly { readonly waiting: Waiting; readonly message: OutgoingMessage }[] {
    const request: { readonly waiting: Waiting; readonly message: OutgoingMessage }[] = [];
    let bytes = 0;
    for (const waiting of this.#waiting)
      for (let index = waiting.stored; index < waiting.messages.length; index++) {
        const message = waiting.messages[index]!;
        bytes += message.value.length + message.key.length;
        if (request.length > 0 && (bytes > requestBytes || request.length >= requestMessages)) return request;
        request.push({ waiting, message });
      }
    return request;
  }

  async #store(messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const byTopic = new Map<string, Message[]>();
    const timestamp = String(Date.now());
    for (const { topic, key, value, headers } of messages) {
      // Kafka removes a key for a value of null, not for an empty one.
      const bytes = value.length === 0 ? null : bytesOf(value);
      const message = { key: Buffer.from(key), value: bytes, timestamp, ...(headers && { headers }) };
      const own = byTopic.get(topic);
      if (own === undefined) byTopic.set(topic, [message]);
      else own.push(message);
    }
    try {
      const inner = (this.#inner ??= await this.#newInner());
      await inner.sendBatch({
        acks: -1,
        compression: compressionTypes[this.#connection.options.compression],
        topicMessages: [...byTopic].map(([topic, own]) => ({
          topic: this.#connection.topicName(topic),
          messages: own,
        })),
      });
    } catch (error) {
      throw kafkaError('sending', error);
    }
  }

  async #newInner(): Promise<KafkajsProducer> {
    const inner = this.#connection.newClient().producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: pinnedPartitioner,
      metadataMaxAge: this.#connection.options.metadataMaxAgeMs,
      retry: this.#connection.retry,
    });
    await inner.connect();
    return inner;
  }

  async #discardInner(): Promise<void> {
    const inner = this.#inner;
    this.#inner = undefined;
    await inner?.disconnect().catch(() => undefined);
  }

  /** Sends what waits first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pumping;
    await this.#discardInner();
    this.#onClose();
  }
}
