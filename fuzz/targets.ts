/** Targets in TypeScript by name; those in C++ are in native/. */
import type { Target } from './target.ts';
import { dissectors } from './targets/dissectors.ts';
import { messages } from './targets/messages.ts';
import { parameters } from './targets/parameters.ts';
import { recordings } from './targets/recordings.ts';
import { traceql } from './targets/traceql.ts';

export const targets: Readonly<Record<string, Target>> = { messages, dissectors, recordings, parameters, traceql };
