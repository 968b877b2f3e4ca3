#!/usr/bin/env node
// `npm run demo:bookinfo`: prepares what Bookinfo needs, then runs it. Arguments: --once, --json FILE, --scenario NAME, ...
import { runDemo } from './setup/run-demo.mjs';

await runDemo('bookinfo', ['build', 'bookinfo']);
