/** Redaction under arbitrary bytes: the C++ compiled by itself with sanitizers, so that this needs neither addon nor kernel. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../scripts/setup/stamps.mjs';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { type ArbitraryCall, arbitraryCalls } from './arbitrary-calls.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(root, folder, name));
}

/** Reads conversations (count; per call: flags, sequence step, length, captured, bytes), writes sent bytes and ranges. */
const harness = `
#include "generated/protocols.h"
#include "redactor.h"
#include <cstdio>
#include <cstdlib>
static uint32_t read_number() {
  uint8_t b[4];
  if (fread(b, 1, 4, stdin) != 4) exit(0);
  return b[0] | b[1] << 8 | b[2] << 16 | uint32_t{b[3]} << 24;
}
static void write_number(uint32_t number) { fwrite(&number, 1, 4, stdout); }
int main(int argc, char** argv) {
  std::string error;
  spanloom::RedactionOptions options;
  options.patterns.assign(argv + 1, argv + argc);
  const auto redactor = spanloom::Redactor::create(options, error);
  if (!redactor) { fputs(error.c_str(), stderr); return 1; }
  uint64_t socket_id = 0;
  const auto& ports = spanloom::redaction::kServerPorts;
  for (;;) {
    const uint32_t calls = read_number();
    uint32_t sequences[2] = {1, 0xfffffff0};
    spanloom::SocketCall call{};
    call.socket_id = ++socket_id;
    call.transport = socket_id % 9 == 0 ? spanloom::redaction::Transport::kUdp : spanloom::redaction::Transport::kTcp;
    call.role_is_known = socket_id % 2 == 0;
    call.local_is_client = socket_id % 4 == 0;
    call.local_port = 40000;
    call.remote_port = ports[socket_id % ports.size()];
    for (uint32_t index = 0; index < calls; index++) {
      const uint32_t flags = read_number();
      call.is_egress = (flags & 1) != 0;
      call.starts_message = (flags & 2) != 0;
      sequences[flags & 1] += read_number();
      call.length = read_number();
      call.tcp_sequence = sequences[flags & 1];
      sequences[flags & 1] += static_cast<uint32_t>(call.length);
      const uint32_t captured = read_number();
      // Exactly as large as the payload, so that a sanitizer sees every byte read beyond it.
      uint8_t* bytes = static_cast<uint8_t*>(malloc(captured == 0 ? 1 : captured));
      if (fread(bytes, 1, captured, stdin) != captured) return 2;
      std::vector<spanloom::redaction::Range> ranges;
      const size_t sent = redactor->redact(call, bytes, captured, ranges);
      write_number(static_cast<uint32_t>(sent));
      write_number(static_cast<uint32_t>(ranges.size()));
      for (const auto& range : ranges) { write_number(range.offset); write_number(range.length); }
      fwrite(bytes, 1, sent, stdout);
      free(bytes);
    }
    if (socket_id % 3 == 0) redactor->forget(socket_id);
  }
}
`;

const compiler = ['clang++-19', 'clang++', 'g++'].find((name) => spawnSync(name, ['--version']).status === 0);
const hasRe2 =
  compiler !== undefined &&
  spawnSync(compiler, ['-std=c++20', '-fsyntax-only', '-x', 'c++', '-'], { input: '#include <re2/re2.h>' }).status ===
    0;
if (!hasRe2 && process.env['TEST_REQUIRE_ALL'] === '1') throw new Error('a C++20 compiler and libre2-dev are needed');
if (!hasRe2) console.log('skipped: redaction is not run under sanitizers without a C++ compiler and libre2-dev');

function encode(conversation: readonly ArbitraryCall[]): Buffer {
  const parts: Buffer[] = [];
  const number = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    parts.push(bytes);
  };
  number(conversation.length);
  for (const { isEgress, startsMessage, sequenceStep, length, bytes } of conversation) {
    number((isEgress ? 1 : 0) | (startsMessage ? 2 : 0));
    number(sequenceStep);
    number(length);
    number(bytes.length);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** Compiling takes most of a minute, so a program is kept as long as its sources stay the same. @returns its path */
function compiledHarness(): string {
  const flags = ['-std=c++20', '-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  const isSource = (name: string): boolean => /\.(cc|h)$/.test(name);
  const digest = digestOf(root, ['native', 'protocols', 'bpf'], isSource, [harness, compiler!, ...flags]);
  const cache = join(root, 'node_modules', '.cache', 'spanloom', 'redaction-harness');
  const program = join(cache, digest);
  if (existsSync(program)) return program;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'compiled-'));
  const source = join(directory, 'harness.cc');
  writeFileSync(source, harness);
  const folders = ['.', 'native', 'native/redaction'].map((folder) => `-I${join(root, folder)}`);
  const files = [source, ...sourcesIn('native/redaction'), ...sourcesIn('protocols'), ...folders];
  const output = join(directory, 'redact');
  execFileSync(compiler!, [...flags, ...files, '-lre2', '-o', output], { stdio: 'inherit' });
  // Only a program that is whole has its final name.
  renameSync(output, program);
  rmSync(directory, { recursive: true });
  return program;
}

describe.skipIf(!hasRe2)('redaction of arbitrary bytes', () => {
  let program = '';
  beforeAll(() => {
    program = compiledHarness();
  }, 180_000);

  it.each([
    { name: 'built-in rules', patterns: [], count: 20_000 },
    { name: 'configured patterns', patterns: ['(?i)pass[a-z]+', 'x*', '(a)(b)?', '[\\x80-\\xff]{3}'], count: 5_000 },
  ])('reads nothing beyond a payload, and says truly what it covered: $name', ({ patterns, count }) => {
    const conversations = fc.sample(arbitraryCalls, { numRuns: propertyRuns(count), seed: 20_26 });
    const input = Buffer.concat(conversations.map(encode));
    const result = spawnSync(program, patterns, { input, maxBuffer: 1 << 30 });
    expect(result.stderr.toString()).toBe('');
    const output = result.stdout;
    let at = 0;
    const number = (): number => output.readUInt32LE((at += 4) - 4);
    for (const call of conversations.flat()) {
      const sent = number();
      const ranges = Array.from({ length: number() }, () => [number(), number()] as const);
      const expected = Buffer.from(call.bytes.subarray(0, sent));
      let end = -1;
      for (const [offset, length] of ranges) {
        // Ascending, apart (but for what is held back), and within what was captured.
        expect(offset).toBeGreaterThan(offset === sent ? end - 1 : end);
        expect(length).toBeGreaterThan(0);
        end = offset + length;
        expect(offset + length).toBeLessThanOrEqual(call.bytes.length);
        if (offset < sent) expected.fill('*', offset, offset + length);
      }
      if (sent < call.bytes.length) expect(ranges[ranges.length - 1]).toEqual([sent, call.bytes.length - sent]);
      if (!output.subarray(at, at + sent).equals(expected))
        expect(output.toString('latin1', at, at + sent)).toBe(expected.toString('latin1'));
      at += sent;
    }
    expect(at).toBe(output.length);
  });

  it('refuses a pattern that is not RE2, naming it', () => {
    const result = spawnSync(program, ['fine', '(?=ahead)']);
    expect(result.status).toBe(1);
    expect(result.stderr.toString()).toContain("redaction pattern '(?=ahead)' is not valid RE2");
  });
});
