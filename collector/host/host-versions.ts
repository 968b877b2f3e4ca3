/**
 * The host as versions of a resource: a new one only when something about it has changed. The last one is kept in
 * <data directory>/host.json, so that the next run continues with it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readResource, writeResource, type Resource } from '../../schemas/generated/resource.ts';
import { schemas } from '../../schemas/generated/schemas.ts';

const stateSchema = z.object({ version: z.literal(1), schema: z.string(), resource: z.base64() });

/** The versions of one host. */
export class HostVersions {
  readonly #path: string;
  #current: Resource | undefined;

  constructor(dataDirectory: string) {
    this.#path = join(dataDirectory, 'host.json');
    this.#current = this.#read();
  }

  /**
   * What is to be published now that the host is so: the version that holds, then the one that has ended, if one has.
   * `host.validFromNs` is the last boot: nothing that was before holds after it.
   */
  take(host: Resource, nowNs: bigint): readonly Resource[] {
    const former = this.#current?.uid === host.uid ? this.#current : undefined;
    if (former === undefined) return this.#begin(host);
    const isSameBoot = former.validFromNs >= host.validFromNs;
    if (isSameBoot && isDeepStrictEqual({ ...former, validFromNs: 0n }, { ...plain(host), validFromNs: 0n }))
      return [former];
    const changedAtNs = isSameBoot ? nowNs : host.validFromNs;
    // A clock that was set back must not end a version before it began.
    const validFromNs = changedAtNs > former.validFromNs ? changedAtNs : former.validFromNs + 1n;
    return [...this.#begin({ ...host, validFromNs }), { ...former, validToNs: validFromNs }];
  }

  #begin(host: Resource): readonly Resource[] {
    this.#current = plain(host);
    const bytes = encodeValue(host, writeResource);
    const state = { version: 1, schema: schemas.Resource.fingerprint, resource: Buffer.from(bytes).toString('base64') };
    const temporary = `${this.#path}.new`;
    writeFileSync(temporary, `${JSON.stringify(state)}\n`, { mode: 0o600 });
    renameSync(temporary, this.#path);
    return [this.#current];
  }

  #read(): Resource | undefined {
    try {
      const { schema, resource } = stateSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      // Written by another version of this program: the host starts with a new version.
      if (schema !== schemas.Resource.fingerprint) return undefined;
      return readResource(new AvroReader(Buffer.from(resource, 'base64')));
    } catch {
      return undefined;
    }
  }
}

/** As it is when it has been read: buffers differ from other arrays of bytes when compared. */
function plain(host: Resource): Resource {
  return readResource(new AvroReader(Buffer.from(encodeValue(host, writeResource))));
}
