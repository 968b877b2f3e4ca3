/** Calls between real processes of this host, by FastCGI and over Unix sockets: both ends, and every edge. */
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePorts } from '../../core/free-ports.ts';
import { projectFile } from '../../core/project-files.ts';
import { findProgram, runClient } from '../../protocols/testing/programs.ts';
import { startPostgres } from '../../protocols/testing/real-servers.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { addressText } from '../../schemas/trace-json.ts';
import { captureMissing, describeWhere } from '../../test/requirement.ts';
import { defaultCache } from './cache.ts';
import { ended, ProcessGroup } from './process-group.ts';
import { answers, until } from './record-scenario.ts';
import { prepareStack } from './scenario.ts';
import { readTruth } from './score.ts';
import { stackNamed } from './stacks.ts';
import { traceRecording, type TracedRecording } from './trace-recording.ts';

const timeoutMs = 120_000;
const requests = 40;

const unable = captureMissing();
const stacks = await Promise.all(
  (['nginx + php-fpm', 'nginx + php-fpm, unix socket'] as const).map(async (name) => {
    const stack = { ...stackNamed(name), databases: [] };
    return { stack, ...(unable === undefined ? await prepareStack(stack, defaultCache()) : { missing: unable }) };
  }),
);

let folder: string;
let group: ProcessGroup;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-both-ends-'));
  chmodSync(folder, 0o755);
  group = new ProcessGroup();
});
afterEach(async () => {
  await group.end();
  rmSync(folder, { recursive: true, force: true });
});

/** What is captured of this host meanwhile. @param attempt makes something that is captured */
async function recorded(attempt: () => Promise<unknown>, calls: () => Promise<void>): Promise<TracedRecording> {
  const file = join(folder, 'recording.avro');
  const recorder = group.start(process.execPath, [
    ...['--import', 'tsx', projectFile('cli', 'main.ts'), 'record', file],
  ]);
  const isRecording = async (): Promise<boolean> => {
    await attempt();
    return existsSync(file);
  };
  await until(isRecording, 'the recording begins', group);
  await calls();
  recorder.kill('SIGINT');
  await ended(recorder);
  expect(recorder.exitCode).toBe(0);
  return traceRecording(file);
}

/** A span and those above it. */
function chainOf(span: Span, all: readonly Span[]): readonly Span[] {
  const byId = new Map(all.map((each) => [each.spanId, each]));
  const chain = [span];
  for (let next = byId.get(span.parentSpanId); next !== undefined; next = byId.get(next.parentSpanId)) chain.push(next);
  return chain;
}

for (const { stack, built, missing } of stacks) {
  describeWhere(missing, stack.name, () => {
    it(
      'gives each call of PHP the request that nginx read, by way of both ends of FastCGI',
      async () => {
        const [gateway, backend, inner, absent] = (await freePorts(4)) as [number, number, number, number];
        const ports = { gateway, backend, inner, redis: absent, postgres: absent, mariadb: absent };
        group.start(process.execPath, [projectFile('bench', 'causality', 'workloads', 'backend.mjs'), String(backend)]);
        const variables = { PORT: String(gateway), BACKEND_PORT: String(backend), REDIS_PORT: String(absent) };
        for (const command of stack.commands({ ports, folder, built: built! }))
          group.start(findProgram(command.program)!, command.args, { variables });
        await until(() => answers(backend), 'the backend answers', group);
        await until(() => answers(gateway), 'the gateway answers', group);

        const { spans, batches, lost } = await recorded(
          () => answers(gateway),
          async () => {
            for (let index = 0; index < requests; index++) {
              const headers = { 'x-truth': `T${String(index).padStart(8, '0')}` };
              const response = await fetch(`http://127.0.0.1:${gateway}/sequence`, { headers });
              expect(await response.text()).toBe('gateway\n');
            }
          },
        );
        expect(lost).toBe(0);
        const truths = readTruth(batches);
        const calls = spans.filter(
          ({ server, observationPoint, requestEventId }) =>
            server.port === backend && observationPoint === 'c-p' && truths.has(requestEventId),
        );
        expect(calls).toHaveLength(3 * requests);
        const transport = stack.name.endsWith('unix socket') ? 'unix' : 'tcp';
        for (const call of calls) {
          const chain = chainOf(call, spans);
          expect(chain.slice(0, 4).map((span) => [span.protocol, span.observationPoint, span.transport])).toEqual([
            ['http1', 'c-p', 'tcp'],
            ['fastcgi', 's-p', transport],
            ['fastcgi', 'c-p', transport],
            ['http1', 's-p', 'tcp'],
          ]);
          const truth = truths.get(call.requestEventId);
          for (const span of chain.slice(1)) expect([truth, undefined]).toContain(truths.get(span.requestEventId));
          expect(truths.get(chain[3]!.requestEventId)).toBe(truth);
          const [, server, client] = chain as [Span, Span, Span];
          expect(server).toMatchObject({ reason: 'tcp_sequence', confidence: 1, requestType: 'GET', status: 'ok' });
          expect(server).toMatchObject({ endpoint: '/sequence', responseCode: 200 });
          expect(client.processName).toBe('nginx');
          expect(new Set([addressText(server.server.address), addressText(client.server.address)])).toEqual(
            new Set([transport === 'unix' ? join(folder, 'fpm.sock') : '127.0.0.1']),
          );
        }
      },
      timeoutMs,
    );
  });
}

describeWhere(
  unable ?? (findProgram('postgres') === undefined ? 'not installed: postgres' : undefined),
  'PostgreSQL',
  () => {
    it(
      'is called over its Unix socket with both ends',
      async () => {
        const server = await startPostgres();
        try {
          const query = (text: string) =>
            runClient('psql', [
              '-X',
              '-q',
              '-h',
              server.directory,
              '-p',
              String(server.port),
              '-U',
              'joe',
              '-c',
              text,
              'postgres',
            ]);
          const { spans } = await recorded(
            () => query('SELECT 0'),
            async () => {
              for (let index = 1; index <= 10; index++) expect((await query(`SELECT ${index} + 4711`)).code).toBe(0);
            },
          );
          const asked = spans.filter(({ requestResource }) => /^SELECT \d+ \+ 4711/.test(requestResource));
          expect(asked).toHaveLength(20);
          const path = join(server.directory, `.s.PGSQL.${server.port}`);
          for (const span of asked) {
            expect(span).toMatchObject({
              protocol: 'postgresql',
              transport: 'unix',
              status: 'ok',
              endpoint: 'SELECT ? + ?',
            });
            expect(addressText(span.server.address)).toBe(path);
            expect(addressText(span.client.address)).toBe('');
            if (span.observationPoint === 'c-p') continue;
            const [, client] = chainOf(span, spans);
            expect(client).toMatchObject({ observationPoint: 'c-p', requestResource: span.requestResource });
            expect(span).toMatchObject({ reason: 'tcp_sequence', confidence: 1 });
          }
        } finally {
          await server.stop();
        }
      },
      timeoutMs,
    );
  },
);
