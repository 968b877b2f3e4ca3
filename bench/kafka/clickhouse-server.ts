/**
 * A ClickHouse that answers over HTTP, as a sink finds it where it is deployed: the embedded engine in a process of its
 * own, with as much of the interface as the sink uses. Prints its port.
 *
 *   node dist/bench/kafka/clickhouse-server.js DIRECTORY
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Session } from 'chdb';
import { stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { tables } from '../../sink/tables/tables.ts';

const directory = process.argv[2]!;
mkdirSync(directory, { recursive: true });
const session = new Session(join(directory, 'data'));
const columnsOf = new Map(tables.map(({ name, columns }) => [name, columns]));
let files = 0;

function insert(query: string, rows: Buffer): void {
  const [, into, table] = /^(INSERT INTO `(\w+)` \(.*\)) FORMAT RowBinary/.exec(query)!;
  const structure = columnsOf
    .get(table!)!
    .map(({ name, type }) => `${name} ${type}`)
    .join(', ');
  const path = join(directory, `${files++}.bin`);
  writeFileSync(path, rows);
  session.query(
    `${into} SELECT * FROM file(${stringLiteral(path)}, 'RowBinary', ${stringLiteral(structure)}) ` +
      'SETTINGS max_threads = 1, max_insert_threads = 1, optimize_on_insert = 0, max_partitions_per_insert_block = 0',
  );
  rmSync(path);
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    const query = new URL(request.url!, 'http://server').searchParams.get('query');
    try {
      if (query?.startsWith('INSERT') === true) insert(query, body);
      response.end(query?.startsWith('INSERT') === true ? '' : session.query(body.toString()));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
