import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Remembers from which inputs a step's outputs were made, so that a step whose inputs are unchanged is skipped.
 * Kept in node_modules, which a clean install empties: then everything is made anew.
 */
export class Stamps {
  #root;
  #path;

  constructor(root) {
    this.#root = root;
    this.#path = join(root, 'node_modules', '.cache', 'spanloom', 'setup.json');
  }

  #load() {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch {
      return {};
    }
  }

  /** Are all outputs there, made from these inputs? */
  isCurrent(name, digest, outputs) {
    return this.#load()[name] === digest && outputs.every((output) => existsSync(join(this.#root, output)));
  }

  save(name, digest) {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, `${JSON.stringify({ ...this.#load(), [name]: digest }, undefined, 2)}\n`);
  }
}

/**
 * Digest of the content of files and folders; what is missing counts as such.
 * @param {readonly string[]} inputs relative to root
 * @param {(name: string) => boolean} matches which files of folders count
 * @param {readonly string[]} extra further inputs, such as versions
 */
export function digestOf(root, inputs, matches, extra = []) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) {
      hash.update(`${path}\0missing\0`);
      return;
    }
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) {
        if (name !== 'build' && name !== 'node_modules') add(join(path, name));
      }
    } else if (inputs.includes(path) || matches(path)) {
      hash.update(`${path}\0`).update(readFileSync(full)).update('\0');
    }
  };
  for (const input of inputs) add(input);
  for (const value of extra) hash.update(`${value}\0`);
  return hash.digest('hex');
}
