/**
 * The files of the page, read once into memory: what is asked for is looked up among them, so no path of a request reaches
 * the disk. Names of files in `assets/` have a hash of their content in them.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { WritableAnswer } from './answering.ts';

/** More than a page has; a folder that has more is none. */
const maxFiles = 500;
const maxBytes = 32 * 1024 * 1024;
const minCompressedBytes = 1_024;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt']);

/** The page loads from here only, and nothing but its own files. */
const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  vary: 'accept-encoding',
} as const;

interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly compressed: Buffer | undefined;
  readonly cacheControl: string;
}

/** The page, or what is said in its place when it is not built. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>;

  /** @param directory where the page is built */
  constructor(directory: string) {
    this.#files = readFiles(directory);
  }

  /** What is at a path: a file, or the page itself, which finds out by the path what it shows. */
  at(path: string, acceptEncoding: string): WritableAnswer {
    const file = this.#files.get(path) ?? this.#files.get('/index.html');
    if (file === undefined)
      return {
        kind: 'text',
        status: 404,
        type: 'text/plain; charset=utf-8',
        text: 'The page is not built: run "npm run setup". The API is described at /api/openapi.json.\n',
      };
    const isCompressed = file.compressed !== undefined && /\bgzip\b/.test(acceptEncoding);
    return {
      kind: 'text',
      type: file.type,
      text: isCompressed ? file.compressed : file.body,
      headers: {
        ...pageHeaders,
        'cache-control': file.cacheControl,
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
      },
    };
  }

  /** Whether there is a file of this name. */
  has(path: string): boolean {
    return this.#files.has(path);
  }
}

function readFiles(directory: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (!existsSync(join(directory, 'index.html'))) return files;
  let bytes = 0;
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const file = join(directory, name);
    if (!statSync(file).isFile()) continue;
    const path = `/${relative(directory, file).split(sep).join('/')}`;
    const body = readFileSync(file);
    bytes += body.length;
    if (files.size >= maxFiles || bytes > maxBytes) throw new RangeError(`${directory} has too many files for a page`);
    const ending = extname(file);
    files.set(path, {
      type: types[ending] ?? 'application/octet-stream',
      body,
      compressed: compressible.has(ending) && body.length >= minCompressedBytes ? gzipSync(body) : undefined,
      cacheControl: path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-cache',
    });
  }
  return files;
}
