/**
 * An API server for tests. It speaks list and watch as Kubernetes does (API concepts, "Efficient detection of changes"):
 * pages with continue tokens of one snapshot, chunked watches with bookmarks, 410 Gone as status and as an event, Leases
 * with optimistic concurrency. And it fails as one does: cuts connections within an object, is slow, or is away.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ApiAccess } from '../api-client.ts';
import { type ObjectKind, objectKinds } from '../object-kinds.ts';
import type { ObjectStore, StoredObject, StoreEvent } from './object-store.ts';

interface LeaseObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly [field: string]: unknown;
}

interface Snapshot {
  readonly resourceVersion: number;
  readonly objects: readonly StoredObject[];
}

/** How it behaves. */
export interface ApiServerOptions {
  readonly store: ObjectStore;
  /** How often a watch without events is told a version. 1 s. */
  readonly bookmarkMs?: number;
  /** Longest life of a watch, whatever it asked for. */
  readonly maxWatchMs?: number;
}

/** See the top of the file. */
export class ApiServer {
  readonly #store: ObjectStore;
  readonly #options: ApiServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<{ readonly response: ServerResponse; cutNext: boolean }>();
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #leases = new Map<string, LeaseObject>();
  #leaseVersion = 0;
  #isAway = false;
  /** 410 comes as an event of a watch that was begun, instead of as its status. */
  goneAsEvent = false;
  /** Pause within each event of a watch. */
  slowMs = 0;
  /** Called before a Lease is written, for tests of races. */
  beforeLeaseWrite: () => Promise<void> = () => Promise.resolve();
  readonly counts = { lists: 0, pages: 0, watches: 0, bookmarks: 0, gone: 0, leaseConflicts: 0 };

  private constructor(options: ApiServerOptions) {
    this.#store = options.store;
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => {
      if (this.#isAway) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const server = new ApiServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  get access(): ApiAccess {
    return { server: this.url, options: () => Promise.resolve({}) };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Cuts every connection and takes none until it comes back. */
  goAway(): void {
    this.#isAway = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  comeBack(): void {
    this.#isAway = false;
  }

  /** Cuts each watch in the middle of its next event. */
  cutWatches(): void {
    for (const watch of this.#watches) watch.cutNext = true;
  }

  /** Ends each watch with the event that its version is gone. */
  tellGone(): void {
    for (const { response } of this.#watches) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: goneStatus })}\n`);
      this.counts.gone++;
    }
  }

  /** Continue tokens so far are not known any more. */
  forgetSnapshots(): void {
    this.#snapshots.clear();
  }

  /** The one who holds a Lease; empty for nobody. */
  holderOf(name: string): string {
    const spec = this.#leases.get(name)?.['spec'] as { readonly holderIdentity?: string } | undefined;
    return spec?.holderIdentity ?? '';
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    const lease = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/[^/]+\/leases(?:\/([^/]+))?$/.exec(url.pathname);
    if (lease !== null) {
      await this.#answerLease(request, response, lease[1]);
      return;
    }
    const kind = (Object.keys(objectKinds) as ObjectKind[]).find((each) => objectKinds[each].path === url.pathname);
    if (kind === undefined || request.method !== 'GET') refuse(response, 404, 'NotFound');
    else if (url.searchParams.get('watch') === 'true') this.#watch(kind, url.searchParams, response);
    else this.#list(kind, url.searchParams, response);
  }

  #list(kind: ObjectKind, query: URLSearchParams, response: ServerResponse): void {
    const limit = Number(query.get('limit') ?? 0) || Infinity;
    const token = query.get('continue');
    let start = 0;
    let snapshot: Snapshot | undefined = {
      resourceVersion: this.#store.resourceVersion,
      objects: this.#store.list(kind),
    };
    let name = `${kind}-${snapshot.resourceVersion}`;
    this.counts.pages++;
    if (token === null) this.counts.lists++;
    else {
      const [given = '', from] = token.split('@');
      name = given;
      start = Number(from);
      snapshot = this.#snapshots.get(given);
    }
    if (snapshot === undefined) {
      this.counts.gone++;
      refuse(response, 410, 'Expired');
      return;
    }
    const end = Math.min(snapshot.objects.length, start + limit);
    const isLast = end >= snapshot.objects.length;
    if (isLast) this.#snapshots.delete(name);
    else this.#snapshots.set(name, snapshot);
    const metadata = {
      resourceVersion: String(snapshot.resourceVersion),
      ...(isLast ? {} : { continue: `${name}@${end}`, remainingItemCount: snapshot.objects.length - end }),
    };
    json(response, 200, { kind: `${kind}List`, apiVersion: 'v1', metadata, items: snapshot.objects.slice(start, end) });
  }

  #watch(kind: ObjectKind, query: URLSearchParams, response: ServerResponse): void {
    this.counts.watches++;
    const from = Number(query.get('resourceVersion') ?? 0);
    const isGone = from < this.#store.compactedTo;
    if (isGone) this.counts.gone++;
    if (isGone && !this.goneAsEvent) {
      refuse(response, 410, 'Expired');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    if (isGone) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: goneStatus })}\n`);
      return;
    }
    response.flushHeaders();
    const watch = { response, cutNext: false };
    this.#watches.add(watch);
    let sending: Promise<void> = Promise.resolve();
    const send = (type: string, object: unknown): void => {
      const text = `${JSON.stringify({ type, object })}\n`;
      sending = sending.then(() => this.#write(watch, text));
    };
    const tell = (event: StoreEvent): void => {
      if (event.kind === kind) send(event.type, event.object);
    };
    for (const event of this.#store.eventsAfter(kind, from)) tell(event);
    const unwatch = this.#store.watch(tell);
    const bookmarks = setInterval(() => {
      const metadata = { resourceVersion: String(this.#store.resourceVersion), creationTimestamp: null };
      if (query.get('allowWatchBookmarks') !== 'true') return;
      send('BOOKMARK', { kind, apiVersion: 'v1', metadata });
      this.counts.bookmarks++;
    }, this.#options.bookmarkMs ?? 1000);
    const lifeMs = Math.min(Number(query.get('timeoutSeconds') ?? 300) * 1000, this.#options.maxWatchMs ?? Infinity);
    const end = setTimeout(() => response.end(), lifeMs);
    response.once('close', () => {
      unwatch();
      clearInterval(bookmarks);
      clearTimeout(end);
      this.#watches.delete(watch);
    });
  }

  async #write(watch: { readonly response: ServerResponse; cutNext: boolean }, text: string): Promise<void> {
    const { response } = watch;
    if (response.destroyed || response.writableEnded) return;
    const middle = Math.floor(text.length / 2);
    if (watch.cutNext) {
      response.write(text.slice(0, middle));
      await pause(5);
      response.destroy();
      return;
    }
    if (this.slowMs === 0) {
      response.write(text);
      return;
    }
    response.write(text.slice(0, middle));
    await pause(this.slowMs);
    response.write(text.slice(middle));
  }

  async #answerLease(request: IncomingMessage, response: ServerResponse, name: string | undefined): Promise<void> {
    if (request.method === 'GET') {
      const lease = this.#leases.get(name ?? '');
      if (lease === undefined) refuse(response, 404, 'NotFound');
      else json(response, 200, lease);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as LeaseObject;
    await this.beforeLeaseWrite();
    const present = this.#leases.get(body.metadata.name);
    const isConflict =
      request.method === 'POST'
        ? present !== undefined
        : present?.metadata.resourceVersion !== body.metadata.resourceVersion;
    if (isConflict) {
      this.counts.leaseConflicts++;
      refuse(response, 409, request.method === 'POST' ? 'AlreadyExists' : 'Conflict');
      return;
    }
    const metadata = { ...body.metadata, resourceVersion: String(++this.#leaseVersion) };
    const lease = { ...body, metadata };
    this.#leases.set(metadata.name, lease);
    json(response, request.method === 'POST' ? 201 : 200, lease);
  }
}

const goneStatus = statusObject(410, 'Expired');

function statusObject(code: number, reason: string): unknown {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: reason, reason, code };
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  json(response, code, statusObject(code, reason));
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
