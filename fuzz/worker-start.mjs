// Node.js 20 does not load TypeScript in a worker by itself.
import { register } from 'tsx/esm/api';

register();
await import('./worker.ts');
