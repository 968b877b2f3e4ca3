import type { ToolchainName } from './toolchains.ts';

/** What a gateway calls besides the backend. */
export type Database = 'redis' | 'postgres' | 'mariadb';

/**
 * What a gateway does for a request, by the request's path: `/one` a call; `/sequence` three calls, one after the other;
 * `/parallel` three at once; `/databases` a query of each database and a call; `/timer` a call after a timer of its own.
 */
export type Endpoint = 'one' | 'sequence' | 'parallel' | 'databases' | 'timer';

/** Ports of the loopback interface, all free when they are chosen. */
export type Ports = Readonly<Record<'gateway' | 'backend' | 'inner' | Database, number>>;

/** Where a stack is started. */
export interface Place {
  readonly ports: Ports;
  /** An empty folder of its own, removed when the scenario has ended. */
  readonly folder: string;
  /** Path of a file that a toolchain brought or built. */
  readonly built: (toolchain: ToolchainName, ...path: readonly string[]) => string;
}

/** A program to start. Ports and the size of pools are in its environment, see record-scenario.ts. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder?: string;
}

/** A server that people run, as a gateway. */
export interface Stack {
  readonly name: string;
  /** What it stands for: how it serves requests and makes calls. */
  readonly kind: string;
  /** What has to be installed or built; a stack is skipped where it cannot be had. */
  readonly toolchains: readonly ToolchainName[];
  /** Programs of the machine; a stack is skipped where one is absent. */
  readonly programs: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly databases?: readonly Database[];
  /** Connections of its pools to databases; by default as many as requests in flight. */
  readonly pool?: number;
  /** Requests in flight besides the usual 64, in a scenario of its own. */
  readonly crowd?: number;
  /** Smallest share of right parents that is aimed at; 0 where only the share of wrong ones counts. */
  readonly goal: number;
  /** The same for endpoints whose calls are made in another way. */
  readonly goals?: Readonly<Partial<Record<Endpoint, number>>>;
  /** Starts it: writes its configuration into the place's folder. */
  readonly commands: (place: Place) => readonly Command[];
}
