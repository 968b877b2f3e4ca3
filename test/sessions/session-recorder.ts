import { startRecordingProxy } from '../../protocols/testing/recording-proxy.ts';
import type { RunningServer } from '../../protocols/testing/real-servers.ts';
import { secretsIn } from './derived-secrets.ts';
import type { Session, SessionCall } from './session.ts';

/** What a client is about to do. */
export interface Scenario {
  readonly client: string;
  readonly scenario: string;
  /** Passwords and tokens the client or the server is going to send, in the clear or as what a login makes of them. */
  readonly secrets?: readonly string[];
}

/** Records what clients of one server do. */
export class SessionRecorder {
  readonly sessions: Session[] = [];
  /** All passwords that were used. */
  readonly secrets = new Set<string>();
  private readonly protocol: Session['protocol'];
  private readonly server: RunningServer;

  constructor(protocol: Session['protocol'], server: RunningServer) {
    this.protocol = protocol;
    this.server = server;
  }

  /** Lets a client work against a proxy of its own; each of its connections becomes a session. */
  async record({ client, scenario, secrets = [] }: Scenario, work: (port: number) => Promise<unknown>): Promise<void> {
    const proxy = await startRecordingProxy(this.server.port);
    try {
      await work(proxy.port);
    } finally {
      await proxy.close();
    }
    for (const secret of secrets) this.secrets.add(secret);
    for (const { chunks } of proxy.connections) {
      const calls = chunks.map(({ fromClient, bytes }): SessionCall => ({
        direction: fromClient ? 'to-server' : 'to-client',
        bytes,
      }));
      const [toServer, toClient] = [true, false].map((direction) =>
        Buffer.concat(chunks.filter(({ fromClient }) => fromClient === direction).map(({ bytes }) => bytes)),
      );
      this.sessions.push({
        protocol: this.protocol,
        client,
        scenario,
        serverPort: this.server.port,
        calls,
        secrets: secretsIn(secrets, toServer!, toClient!),
      });
    }
  }
}
