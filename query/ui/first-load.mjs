import { gzipSync } from 'node:zlib';

/**
 * Fails a build whose first load is larger than it may be: the document, and all scripts and styles that any of its pages
 * needs before it shows something, as gzip sends them.
 * @param {{ readonly maxBytes: number }} options
 * @returns {import('vite').Plugin}
 */
export function firstLoad({ maxBytes }) {
  return {
    name: 'first-load',
    enforce: 'post',
    generateBundle(_, bundle) {
      const sizes = Object.values(bundle).map((file) => {
        const content = file.type === 'chunk' ? file.code : file.source;
        return { name: file.fileName, bytes: gzipSync(content).length };
      });
      const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
      if (total > maxBytes) {
        const list = sizes.map(({ name, bytes }) => `${name} ${bytes}`).join(', ');
        this.error(`the page has ${total} bytes after gzip, more than ${maxBytes}: ${list}`);
      }
      this.info(`${total} bytes after gzip, of ${maxBytes} that the page may have`);
    },
  };
}
