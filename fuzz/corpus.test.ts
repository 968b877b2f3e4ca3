/** What fuzzing found once stays mended: every input of the project's corpus, and the ordinary ones. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Random } from '../core/testing/random.ts';
import { compileFlags, compiler, nativeTargets } from './compile-native.ts';
import { mutated } from './mutate.ts';
import { maxInputBytes } from './target.ts';
import { targets } from './targets.ts';

function corpusOf(name: string): Buffer[] {
  const folder = fileURLToPath(new URL(`./corpus/${name}/`, import.meta.url));
  return existsSync(folder) ? readdirSync(folder).map((file) => readFileSync(folder + file)) : [];
}

describe.each(Object.entries(targets))('fuzz target %s', (name, target) => {
  it('takes its corpus, and the same mutated inputs each time', async () => {
    const inputs = [...(await target.seeds()), ...corpusOf(name)];
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) await target.run(Buffer.from(input));
    const random = new Random(1);
    for (let left = 100; left > 0; left--) await target.run(Buffer.from(mutated(inputs, random, [])));
  });
});

describe.each(nativeTargets)('native fuzz target %s', (name) => {
  it.skipIf(compiler === undefined)('compiles', () => {
    const source = fileURLToPath(new URL(`./native/${name}.cc`, import.meta.url));
    const checked = spawnSync(compiler!, [...compileFlags, '-fsyntax-only', source], { encoding: 'utf8' });
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  });
});

describe('mutated', () => {
  it('is the same for the same seed, bounded, and mostly something else than its input', () => {
    const inputs = [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(maxInputBytes, 1)];
    const make = (): string[] => {
      const random = new Random(7);
      return Array.from({ length: 500 }, () => mutated(inputs, random, [Buffer.from('word')]).toString('latin1'));
    };
    const made = make();
    expect(make()).toEqual(made);
    expect(Math.max(...made.map((input) => input.length))).toBeLessThanOrEqual(maxInputBytes);
    expect(new Set(made).size).toBeGreaterThan(400);
  });
});
