/**
 * The embedded ClickHouse behind HTTP, as a process of its own: `clickhouse-server.ts DIRECTORY PORT`. It answers what
 * our client sends, one request at a time. POST /refuse?for=MILLISECONDS makes it refuse, as a server does that has too
 * much to do.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Session } from 'chdb';

const [directory, port] = process.argv.slice(2);
const inserts = join(directory!, 'insert');
mkdirSync(directory!, { recursive: true });
const session = new Session(directory);
rmSync(inserts, { recursive: true, force: true });
mkdirSync(inserts);
let refusesUntilMs = 0;
let count = 0;

const insertPattern = /^INSERT INTO `(\w+)` \((.*)\) FORMAT RowBinary$/s;
const refusal = 'Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)';

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Rows reach the engine through a file. */
function insert(table: string, columns: string, rows: Buffer): void {
  const names = columns.split(', ').map((name) => name.replaceAll('`', ''));
  const types = new Map(
    session
      .query(`SELECT name, type FROM system.columns WHERE database = 'default' AND table = '${table}'`, 'TSVRaw')
      .trim()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );
  const structure = names.map((name) => `${name} ${types.get(name)!}`).join(', ');
  const path = join(inserts, `${count++}.bin`);
  writeFileSync(path, rows);
  try {
    session.query(
      `INSERT INTO ${table} (${columns}) SELECT * FROM file('${path}', 'RowBinary', '${structure.replaceAll("'", "\\'")}')` +
        ' SETTINGS optimize_on_insert = 0, max_partitions_per_insert_block = 0',
    );
  } finally {
    rmSync(path, { force: true });
  }
}

function answer(sql: string, body: Buffer): string {
  const match = insertPattern.exec(sql);
  if (match === null) {
    const statement = sql === '' ? body.toString('utf8') : sql;
    return session.query(statement);
  }
  insert(match[1]!, match[2]!, body);
  return '';
}

createServer((request, response) => {
  void (async () => {
    const { searchParams, pathname } = new URL(request.url!, 'http://server');
    const body = await bodyOf(request);
    if (pathname === '/refuse') {
      refusesUntilMs = Date.now() + Number(searchParams.get('for'));
      response.end();
      return;
    }
    if (Date.now() < refusesUntilMs) {
      response.writeHead(500).end(refusal);
      return;
    }
    try {
      response.end(answer(searchParams.get('query') ?? '', body));
    } catch (error) {
      response.writeHead(500).end((error as Error).message);
    }
  })();
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
