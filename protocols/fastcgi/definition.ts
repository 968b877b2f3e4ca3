import type { ProtocolDefinition } from '../protocol-definition.ts';
import { fastcgiDissector, fastcgiPort } from './fastcgi.ts';
import { metaVariables } from './fastcgi-words.ts';

/** FastCGI. */
export const fastcgi: ProtocolDefinition = {
  name: 'fastcgi',
  dissector: fastcgiDissector,
  usualPorts: [fastcgiPort],
  conventions: { group: 'http' },
  redactionWords: [{ name: 'kFastcgiVariables', form: 'upper-sorted', words: metaVariables }],
};
