import { definitions } from './model.ts';

/** The C++ header with the fields of an event in the order of their encoding. */
export function eventFieldsHeader(): string {
  const names = definitions.get('SocketEvent')!.fields!.map(({ name }) => name);
  return `// SPDX-License-Identifier: Apache-2.0
// Generated from schemas/avro/event-batch.avsc by \`npm run generate\`. Do not edit.
#pragma once

#define SPANLOOM_EVENT_FIELD_COUNT ${names.length}

// Calls X(name) for each field of SocketEvent, in the order in which they are encoded.
#define SPANLOOM_EVENT_FIELDS(X) \\
${names.map((name) => `  X(${name})`).join(' \\\n')}
`;
}
