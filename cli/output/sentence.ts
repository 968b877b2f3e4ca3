/** What people need to read of an error. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (path !== undefined && code === 'ENOENT') return `${path} does not exist.`;
  if (path !== undefined && (code === 'EACCES' || code === 'EPERM'))
    return `${path} may not be read or written by this user.`;
  if (path !== undefined && code === 'EISDIR') return `${path} is a folder.`;
  if (code === 'ENOSPC') return `There is no room left on the disk${path === undefined ? '' : ` for ${path}`}.`;
  return error.message === '' ? error.name : error.message;
}
