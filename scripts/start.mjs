#!/usr/bin/env node
// `npm start`: prepares what the demo needs, then runs it. Arguments are the demo's: --once, --json FILE, ...
import { runDemo } from './setup/run-demo.mjs';

await runDemo('demo', ['build', 'demo']);
