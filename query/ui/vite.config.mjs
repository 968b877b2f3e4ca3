import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { firstLoad } from './first-load.mjs';

/** The page: built into query/ui/build, from where the query stage serves it. PAGE_API says where `vite dev` finds the API. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), firstLoad({ maxBytes: 250_000 })],
  build: {
    outDir: 'build',
    emptyOutDir: true,
    target: 'es2023',
    // The policy of the page allows no script in the document.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': process.env.PAGE_API ?? 'http://127.0.0.1:6480' } },
});
