/**
 * Images of this machine's container engine, for tests. Nothing is ever pulled: where no engine answers, or the deployed
 * image is not there, tests take what is installed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { projectFile } from '../../core/project-files.ts';

/** A server that serves a test run, as deploy/compose.yaml names it. */
export type ServerName = 'kafka' | 'redis';

/**
 * The image that TEST_KAFKA_IMAGE or TEST_REDIS_IMAGE names, else the deployed one if the engine has it, else undefined.
 *
 * @throws where an image was named and the engine does not have it
 */
export async function localImage(server: ServerName): Promise<string | undefined> {
  const variable = `TEST_${server.toUpperCase()}_IMAGE`;
  const named = process.env[variable];
  if (named === undefined) {
    const image = deployedImage(server);
    return (await problemOf(image)) === undefined ? image : undefined;
  }
  const problem = await problemOf(named);
  if (problem !== undefined) throw new Error(`${variable} is ${named}, but ${problem}`);
  return named;
}

function deployedImage(server: ServerName): string {
  const { services } = parse(readFileSync(projectFile('deploy', 'compose.yaml'), 'utf8'), { merge: true }) as {
    readonly services: Readonly<Record<ServerName, { readonly image: string }>>;
  };
  return services[server].image;
}

/** Why no container can be started from an image; undefined when one can. */
async function problemOf(image: string): Promise<string | undefined> {
  if (process.env['DOCKER_HOST'] === undefined && !existsSync('/var/run/docker.sock'))
    return 'there is no container engine: neither DOCKER_HOST nor /var/run/docker.sock';
  // The process that removes containers of a killed run is an image too, which would be pulled.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
  try {
    const engine = await getContainerRuntimeClient();
    const isThere = await engine.image.exists(ImageName.fromString(image));
    return isThere ? undefined : 'the container engine does not have it';
  } catch (error) {
    return `no container engine answers: ${(error as Error).message}`;
  }
}
