import type { ProtocolDefinition } from '../protocol-definition.ts';
import { http1Dissector } from './http1.ts';
import { httpMethods } from './http1-words.ts';

/** HTTP/1.0 and HTTP/1.1. */
export const http1: ProtocolDefinition = {
  name: 'http1',
  dissector: http1Dissector,
  usualPorts: [80],
  conventions: { group: 'http' },
  redactionWords: [{ name: 'kHttpMethods', form: 'lower', words: httpMethods }],
};
