/** Holds native/redact*.cc to their reference. The C++ is compiled by itself, so that this needs neither addon nor kernel. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilePatterns, redact, type SocketState } from '../collector/redaction/redact.ts';
import { anyConversation, type ConversationCall } from '../collector/redaction/conversations.ts';

const nativeDirectory = fileURLToPath(new URL('../native/', import.meta.url));

/** Reads conversations (count; per call: direction, length, captured, bytes) and writes the overwritten bytes and states. */
const harness = `
#include "redact.h"
#include <cstdio>
#include <cstdlib>
static uint32_t read_number() {
  uint8_t b[4];
  if (fread(b, 1, 4, stdin) != 4) exit(0);
  return b[0] | b[1] << 8 | b[2] << 16 | uint32_t{b[3]} << 24;
}
int main(int argc, char** argv) {
  std::string error;
  const auto redactor = spanloom::Redactor::create(std::vector<std::string>(argv + 1, argv + argc), error);
  if (!redactor) { fputs(error.c_str(), stderr); return 1; }
  for (;;) {
    uint64_t state = 0;
    for (uint32_t calls = read_number(); calls > 0; calls--) {
      const auto direction = static_cast<spanloom::PayloadDirection>(read_number());
      const uint32_t length = read_number();
      const uint32_t captured = read_number();
      // Exactly as large as the payload, so that a sanitizer sees every byte read beyond it.
      uint8_t* bytes = static_cast<uint8_t*>(malloc(captured == 0 ? 1 : captured));
      if (fread(bytes, 1, captured, stdin) != captured) return 2;
      redactor->redact(bytes, captured, length, direction, state);
      fwrite(bytes, 1, captured, stdout);
      fwrite(&state, 1, sizeof state, stdout);
      free(bytes);
    }
  }
}
`;

const compiler = ['clang++-19', 'clang++', 'g++'].find((name) => spawnSync(name, ['--version']).status === 0);
const hasRe2 =
  compiler !== undefined &&
  spawnSync(compiler, ['-std=c++20', '-fsyntax-only', '-x', 'c++', '-'], { input: '#include <re2/re2.h>' }).status ===
    0;
if (!hasRe2 && process.env['TEST_REQUIRE_ALL'] === '1') throw new Error('a C++20 compiler and libre2-dev are needed');
if (!hasRe2)
  console.log('skipped: native/redact.cc is not compared to its reference without a C++ compiler and libre2-dev');

const patterns = ['(?i)token=[a-z0-9]+', 'card:([0-9]{4})[0-9]*-([0-9]+)', 'x*', '[\\x80-\\xff]{3}'];

function encode(conversation: readonly ConversationCall[]): Buffer {
  const parts: Buffer[] = [];
  const number = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    parts.push(bytes);
  };
  number(conversation.length);
  for (const call of conversation) {
    number(call.direction === 'egress' ? 1 : 0);
    number(call.length);
    number(call.bytes.length);
    parts.push(call.bytes);
  }
  return Buffer.concat(parts);
}

function byReference(conversation: readonly ConversationCall[], expressions: readonly RegExp[]): Buffer {
  const state: SocketState = { ingress: 0, egress: 0 };
  return Buffer.concat(
    conversation.flatMap((call) => {
      const bytes = Buffer.from(call.bytes);
      redact({ bytes, length: call.length }, call.direction, state, expressions);
      const states = Buffer.alloc(8);
      states.writeUInt32LE(state.ingress, 0);
      states.writeUInt32LE(state.egress, 4);
      return [bytes, states];
    }),
  );
}

describe.skipIf(!hasRe2)('native redaction', () => {
  let directory = '';
  let program = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'spanloom-redact-'));
    program = join(directory, 'redact');
    const source = join(directory, 'harness.cc');
    writeFileSync(source, harness);
    const flags = ['-std=c++20', '-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    const parts = readdirSync(nativeDirectory).filter((name) => /^redact.*\.cc$/.test(name));
    const files = [source, ...parts.map((name) => join(nativeDirectory, name)), `-I${nativeDirectory}`];
    execFileSync(compiler!, [...flags, ...files, '-lre2', '-o', program], { stdio: 'inherit' });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function byNative(conversations: readonly (readonly ConversationCall[])[], patterns: readonly string[]): Buffer {
    const input = Buffer.concat(conversations.map(encode));
    const result = spawnSync(program, patterns, { input, maxBuffer: 1 << 30 });
    expect(result.stderr.toString()).toBe('');
    return result.stdout;
  }

  it.each([
    { name: 'built-in rules', patterns: [], count: 30_000 },
    { name: 'configured patterns', patterns, count: 5_000 },
  ])('overwrites the same bytes and keeps the same state as the reference: $name', ({ patterns, count }) => {
    const conversations = fc.sample(anyConversation, { numRuns: count, seed: 20_24 });
    const expressions = compilePatterns(patterns);
    const output = byNative(conversations, patterns);
    let position = 0;
    for (const conversation of conversations) {
      const expected = byReference(conversation, expressions);
      const actual = output.subarray(position, position + expected.length);
      if (!actual.equals(expected))
        expect({ conversation, bytes: actual.toString('latin1') }).toEqual({
          conversation,
          bytes: expected.toString('latin1'),
        });
      position += expected.length;
    }
    expect(position).toBe(output.length);
  });

  it('refuses a pattern that is not RE2, naming it', () => {
    const result = spawnSync(program, ['fine', '(?=ahead)']);
    expect(result.status).toBe(1);
    expect(result.stderr.toString()).toContain("redaction pattern '(?=ahead)' is not valid RE2");
  });
});
