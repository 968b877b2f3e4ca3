/**
 * Writes what follows from the list of protocols for the parts that are not TypeScript; `npm run generate` runs it:
 *
 * - native/generated/protocols.h: the protocols that the host recognises, in the same order;
 * - native/generated/protocol-tables.h: ports and words that the host and the enricher must know alike;
 * - the lines of schemas/clickhouse/derived/5-otel-traces.sql that say which conventions a span follows.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { credentialEndings, credentialHeaders, credentialParameters, keptHeaders } from './credential-names.ts';
import { protocols } from './protocols.ts';
import type { SemanticConventions } from './protocol-definition.ts';
import { harmlessPasswordWords, passwordWordParts, sqlVerbs } from './sql/sql-words.ts';
import type { WordTable } from './words.ts';

const root = new URL('../', import.meta.url);
const viewPath = 'schemas/clickhouse/derived/5-otel-traces.sql';

/** Tables that no single protocol owns. In names of fields and parameters `-` and `.` are written as `_`. */
const sharedTables: readonly WordTable[] = [
  { name: 'kSqlVerbs', form: 'lower', words: sqlVerbs },
  { name: 'kPasswordWordParts', form: 'lower', words: passwordWordParts },
  { name: 'kHarmlessPasswordWords', form: 'lower', words: harmlessPasswordWords },
  { name: 'kCredentialHeaders', form: 'lower', words: credentialHeaders },
  { name: 'kKeptHeaders', form: 'lower', words: keptHeaders },
  { name: 'kCredentialParameters', form: 'lower', words: credentialParameters },
  { name: 'kCredentialEndings', form: 'lower', words: credentialEndings },
];

/** All generated files, by their path relative to the project. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['native/generated/protocols.h', protocolsHeader()],
    ['native/generated/protocol-tables.h', tablesHeader()],
    [viewPath, viewWithConventions(readFileSync(new URL(viewPath, root), 'utf8'))],
  ]);
}

function symbol(name: string): string {
  return `k${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function header(includes: readonly string[], content: string): string {
  return (
    '// SPDX-License-Identifier: Apache-2.0\n' +
    '// Generated from protocols/protocols.ts by `npm run generate`. Do not edit.\n' +
    `#pragma once\n\n${includes.map((line) => `${line}\n`).join('')}\n` +
    `namespace spanloom::redaction {\n\n${content}\n}  // namespace spanloom::redaction\n`
  );
}

function protocolsHeader(): string {
  const symbols = protocols.map(({ name }) => symbol(name));
  const ports = protocols.map(({ usualPorts }) => usualPorts[0]!);
  return header(
    ['#include <array>', '#include <cstdint>', '', '#include "redaction/protocol.h"'],
    `// Each is defined in protocols/<name>/redaction.cc.\n${symbols.map((name) => `extern const Protocol ${name};\n`).join('')}\n` +
      `// In the order in which first bytes are tried.\n` +
      `inline constexpr std::array<const Protocol*, ${symbols.length}> kProtocols = {\n${symbols.map((name) => `    &${name},\n`).join('')}};\n\n` +
      `// The usual port of each, and one that is of none.\n` +
      `inline constexpr std::array<uint16_t, ${ports.length + 1}> kServerPorts = {${[...ports, 9999].join(', ')}};\n`,
  );
}

function tablesHeader(): string {
  const tables = [...protocols.flatMap(({ redactionWords = [] }) => redactionWords), ...sharedTables];
  const ports = protocols.map(
    ({ name, usualPorts }) =>
      `inline constexpr std::array<uint16_t, ${usualPorts.length}> ${symbol(name)}Ports = {${usualPorts.join(', ')}};\n`,
  );
  return header(
    ['#include <array>', '#include <cstdint>', '#include <string_view>'],
    `${ports.join('')}\n${tables.map(arrayOf).join('\n')}`,
  );
}

function arrayOf({ name, form, words }: WordTable): string {
  const values =
    form === 'lower'
      ? words.map((word) => word.toLowerCase())
      : [...new Set(words.map((word) => word.toUpperCase()))].sort((one, other) => (one < other ? -1 : 1));
  const comment = form === 'lower' ? 'Lower case.' : 'Upper case, in order.';
  const lines = values.map((value) => `    "${value}",\n`).join('');
  return `// ${comment}\ninline constexpr std::array<std::string_view, ${values.length}> ${name} = {\n${lines}};\n`;
}

/** Of the view otel_traces: which protocols follow which group of conventions, and which have statements. */
function viewWithConventions(sql: string): string {
  const lines: Readonly<Record<string, (conventions: SemanticConventions) => boolean>> = {
    is_http: ({ group }) => group === 'http',
    is_database: ({ group }) => group === 'database',
    has_statements: (conventions) => conventions.group === 'database' && conventions.hasStatements,
    is_dns: ({ group }) => group === 'dns',
  };
  return Object.entries(lines).reduce((text, [alias, holds]) => {
    const line = new RegExp(`^  protocol IN \\(.*\\) AS ${alias},$`, 'm');
    if (!line.test(text)) throw new Error(`${viewPath} has no line for ${alias}`);
    const names = protocols.filter(({ conventions }) => holds(conventions)).map(({ name }) => `'${name}'`);
    return text.replace(line, `  protocol IN (${names.join(', ')}) AS ${alias},`);
  }, sql);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generatedFiles()) writeFileSync(new URL(path, root), text);
}
