import { createServer, type AddressInfo, type Server } from 'node:net';
import { PipelineError } from './errors.ts';

/** An address to listen on, and what people know of it. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** What is served there, as the subject of a sentence: 'The query API'. */
  readonly what: string;
  /** Name of the setting that gives the port. */
  readonly portSetting: string;
}

/**
 * Makes a server listen.
 *
 * @returns the port: a free one where 0 was asked for
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED when the address cannot be taken
 */
export async function listen(server: Server, { host, port, what, portSetting }: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const text =
        error.code === 'EADDRINUSE'
          ? `Port ${port} of ${host} is taken: stop what uses it, or choose another with ${portSetting}.`
          : `${what} cannot listen on ${host}:${port}: ${error.message}.`;
      reject(new PipelineError('ENVIRONMENT_UNSUPPORTED', text, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Finds out, before work begins that would be for nothing, whether an address can be listened on. @throws as {@link listen} */
export async function requireFreePort(address: ListenAddress): Promise<void> {
  const server = createServer();
  await listen(server, address);
  await new Promise((resolve) => server.close(resolve));
}
