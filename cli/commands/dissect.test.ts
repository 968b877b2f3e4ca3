import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PipelineError } from '../../core/errors.ts';
import { type CapturedRecord, pcap } from '../../native/packets/testing/capture-builder.ts';
import { handshake, packet } from '../../native/packets/testing/connection.ts';
import { flags } from '../../native/packets/testing/packets.ts';
import { dissect, type DissectOptions } from './dissect.ts';

const { push, ack, fin } = flags;
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const request =
  'GET /reviews/7 HTTP/1.1\r\nHost: shop\r\nX-Request-ID: r1\r\n' +
  `traceparent: 00-${traceId}-00f067aa0ba902b7-01\r\n\r\n`;
const response = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 6\r\n\r\nanswer';
const exchange: readonly CapturedRecord[] = [
  ...handshake,
  packet(20, 'C', ack | push, request),
  packet(30, 'S', ack | push, response, { acks: request.length }),
];

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'spanloom-dissect-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Dissected {
  readonly lines: readonly string[];
  readonly error: unknown;
}

async function dissected(bytes: Uint8Array, options: DissectOptions = {}): Promise<Dissected> {
  const path = join(folder, 'shop.pcap');
  writeFileSync(path, bytes);
  const lines: string[] = [];
  const write = (line: string): Promise<void> => {
    lines.push(line);
    return Promise.resolve();
  };
  try {
    await dissect(path, options, write);
    return { lines, error: undefined };
  } catch (error) {
    return { lines, error };
  }
}

const objects = async (bytes: Uint8Array, options: DissectOptions): Promise<readonly unknown[]> =>
  (await dissected(bytes, options)).lines.map((line) => JSON.parse(line) as unknown);

describe('spanloom dissect', () => {
  it('gives an object a message, without what is not known', async () => {
    expect(await objects(pcap(exchange), { json: true })).toEqual([
      {
        time_ns: '1700000000020000000',
        protocol: 'http1',
        version: '1.1',
        kind: 'request',
        request_type: 'GET',
        domain: 'shop',
        resource: '/reviews/7',
        endpoint: '/reviews/{id}',
        x_request_id: 'r1',
        trace_id: traceId,
        span_id: '00f067aa0ba902b7',
        request_bytes: request.length,
      },
      {
        time_ns: '1700000000030000000',
        protocol: 'http1',
        kind: 'response',
        status: 'server_error',
        response_code: 503,
        exception: 'Service Unavailable',
        response_bytes: response.length,
      },
    ]);
  });

  it('gives an object a span: requests paired with their responses', async () => {
    expect(await objects(pcap(exchange), { spans: true })).toMatchObject([
      {
        signal_source: 'packet',
        protocol: 'http1',
        endpoint: '/reviews/{id}',
        response_code: 503,
        duration_ns: 10_000_000,
        server: { port: 80 },
      },
    ]);
  });

  it('gives an object a flow, with the counters of its intervals summed up', async () => {
    const later = { at: request.length, acks: response.length };
    const records = [
      ...exchange,
      packet(25_000, 'C', ack | push, request, later),
      packet(25_010, 'C', ack | fin, '', { at: 2 * request.length, acks: response.length }),
    ];
    expect(await objects(pcap(records), { flows: true })).toMatchObject([
      {
        transport: 'tcp',
        client_port: 40_000,
        server_port: 80,
        is_role_known: true,
        duration_ns: 25_010_000_000,
        metrics: {
          client: { packets: 5, payload_bytes: 2 * request.length },
          server: { packets: 2, payload_bytes: response.length },
          is_opened: true,
          response: { count: 1 },
          client_idle: { count: 1 },
        },
      },
    ]);
  });

  it('shows a table otherwise', async () => {
    const { lines } = await dissected(pcap(exchange));
    expect(lines).toEqual([
      'time                        protocol    kind         bytes  status        code    message',
      `2023-11-14T22:13:20.020000  http1       request        ${request.length}                        GET shop /reviews/7`,
      `2023-11-14T22:13:20.030000  http1       response        ${response.length}  server_error  503     Service Unavailable`,
    ]);
  });

  it('says so where there is no message that it reads', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { lines, error } = await dissected(pcap([]));
    expect([lines, error]).toEqual([[], undefined]);
    expect(said.mock.calls.flat().join('')).toContain(
      'There is no message of a protocol that spanloom reads: http1, fastcgi, redis,',
    );
    said.mockRestore();
  });

  it('of a capture that is cut at any byte shows what came before, and says where it ends', async () => {
    const file = pcap(exchange);
    for (let length = 0; length < file.length; length++) {
      const { error, lines } = await dissected(file.subarray(0, length), { json: true });
      expect(lines.length).toBeLessThanOrEqual(2);
      if (error === undefined) continue;
      expect(error, `cut at ${length}`).toBeInstanceOf(PipelineError);
      expect((error as Error).message, `cut at ${length}`).toMatch(
        /shop\.pcap (is empty|is no capture file \(pcap or pcapng\)|ends within (a record|its header) at byte \d+)\.$/,
      );
    }
    expect((await dissected(file.subarray(0, -1), { json: true })).lines).toHaveLength(1);
  });

  it('of other bytes never does anything but end with a sentence', async () => {
    const file = pcap(exchange);
    for (let position = 0; position < file.length; position += 5) {
      const bytes = Buffer.from(file);
      bytes[position] = bytes[position]! ^ 0xff;
      for (const options of [{ json: true }, { flows: true }, { spans: true }]) {
        const { error } = await dissected(bytes, options);
        expect(error === undefined || error instanceof PipelineError, `other at ${position}`).toBe(true);
      }
    }
  });

  it('refuses options that exclude each other', async () => {
    expect((await dissected(pcap(exchange), { spans: true, flows: true })).error).toMatchObject({
      message: '--spans and --flows exclude each other.',
    });
  });
});
