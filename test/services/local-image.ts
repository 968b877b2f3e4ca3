/**
 * Images of this machine's container engine, for tests. Nothing is ever pulled: where no engine answers, or the image is
 * not there, tests take what is installed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { projectFile } from '../../core/project-files.ts';

/** A server that tests need, as deploy/compose.yaml names it. */
export type ServerName = 'kafka' | 'redis' | 'clickhouse';

/** The image that TEST_KAFKA_IMAGE (TEST_REDIS_IMAGE, TEST_CLICKHOUSE_IMAGE) names, else the one that is deployed. */
function wantedImage(server: ServerName): string {
  const given = process.env[`TEST_${server.toUpperCase()}_IMAGE`];
  if (given !== undefined) return given;
  const { services } = parse(readFileSync(projectFile('deploy', 'compose.yaml'), 'utf8'), { merge: true }) as {
    readonly services: Readonly<Record<ServerName, { readonly image: string }>>;
  };
  return services[server].image;
}

/** The image of a server; undefined when no engine answers or it does not have the image. */
export async function localImage(server: ServerName): Promise<string | undefined> {
  if (process.env['DOCKER_HOST'] === undefined && !existsSync('/var/run/docker.sock')) return undefined;
  // The process that removes containers of a killed run is an image too, which would be pulled.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
  const image = wantedImage(server);
  try {
    const engine = await getContainerRuntimeClient();
    return (await engine.image.exists(ImageName.fromString(image))) ? image : undefined;
  } catch {
    return undefined;
  }
}
