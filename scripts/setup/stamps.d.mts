/** Digest of the content of files and folders, relative to root; what is missing counts as such. */
export function digestOf(
  root: string,
  inputs: readonly string[],
  matches: (name: string) => boolean,
  extra?: readonly string[],
): string;
