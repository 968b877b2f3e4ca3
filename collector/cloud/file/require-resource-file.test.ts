import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireResourceFile } from './require-resource-file.ts';

test('a file of resources is a real one of bounded size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-resources-'));
  try {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const large = join(folder, 'large.yaml');
    writeFileSync(large, '');
    truncateSync(large, 2 ** 36);
    const refused: readonly (readonly [string, string])[] = [
      [pipe, `${pipe} is a pipe or a device, not a file.`],
      ['/dev/zero', '/dev/zero is a pipe or a device, not a file.'],
      [folder, `${folder} is a folder, not a file.`],
      [large, `${large} has 68719476736 bytes; at most 67108864 are read.`],
    ];
    for (const [path, message] of refused)
      expect(() => requireResourceFile(path)).toThrow(
        expect.objectContaining({ code: 'FILE_UNUSABLE', message }) as Error,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
