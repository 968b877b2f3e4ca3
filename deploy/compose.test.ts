import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadSettings } from '../cli/settings.ts';
import { stageNames } from '../cli/stages.ts';
import { projectFile } from '../core/project-files.ts';
import { readDockerfile } from './testing/dockerfile.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly privileged?: boolean;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } } };
}

const text = readFileSync(projectFile('deploy', 'compose.yaml'), 'utf8');
const file = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
};
const services = Object.entries(file.services);
const ours = services.filter(([, { build }]) => build !== undefined);

describe('the compose file', () => {
  it('runs every stage, each from its own target of the Dockerfile', () => {
    const targets = readDockerfile(readFileSync(projectFile('deploy', 'Dockerfile'), 'utf8')).map(({ name }) => name);
    for (const stage of stageNames) expect(file.services[stage]?.build?.target).toBe(stage);
    for (const [, { build }] of ours) expect(targets).toContain(build!.target);
    for (const [, { build }] of ours)
      expect(join('deploy', build!.context, build!.dockerfile)).toBe('deploy/Dockerfile');
  });

  it('gives no service more rights than it needs', () => {
    for (const [name, service] of services) {
      expect(service.privileged, name).toBeUndefined();
      expect(service.cap_add, name).toEqual(name === 'collector' ? ['BPF', 'PERFMON', 'SYS_PTRACE'] : undefined);
    }
    for (const [name, service] of ours) {
      expect(service, name).toMatchObject({
        user: '10001:10001',
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
  });

  it('publishes ports on loopback only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('has no password in it: each comes from the environment, and the example names it', () => {
    const example = readFileSync(projectFile('deploy', 'example.env'), 'utf8');
    const secrets = services.flatMap(([, { environment }]) =>
      Object.entries(environment ?? {}).filter(([name]) => name.includes('PASSWORD')),
    );
    expect(secrets.length).toBeGreaterThan(3);
    for (const [name, value] of secrets) {
      const variable = /^\$\{([A-Z_]+):\?[^}]+\}$/.exec(value)?.[1];
      expect(variable, name).toBeDefined();
      expect(example).toContain(`\n${variable!}=\n`);
    }
  });

  it('asks for a login wherever Kafka is reached from outside of its container', () => {
    const { environment } = file.services['kafka']!;
    const protocols = new Map(
      environment!
        ['KAFKA_LISTENER_SECURITY_PROTOCOL_MAP']!.split(',')
        .map((each) => each.split(':') as [string, string]),
    );
    for (const listener of environment!['KAFKA_LISTENERS']!.split(',')) {
      const [, name, address] = /^(\w+):\/\/(.*):\d+$/.exec(listener)!;
      expect(protocols.get(name!), name).toBe(address === '127.0.0.1' ? 'PLAINTEXT' : 'SASL_PLAINTEXT');
      if (address !== '127.0.0.1')
        expect(environment![`KAFKA_LISTENER_NAME_${name!}_PLAIN_SASL_JAAS_CONFIG`]).toContain(
          'user_spanloom="${KAFKA_',
        );
    }
    for (const [name, service] of ours) expect(service.environment!['SPANLOOM_BUS_KAFKA_SASL'], name).toBe('plain');
  });

  it('lets out only those who need what is elsewhere', () => {
    expect(file.networks['stages']).toEqual({ internal: true });
    const out = services.filter(([, { networks }]) => networks?.includes('outside') === true).map(([name]) => name);
    // Those with published ports, and the one that reads clouds. The collector is on the host's network.
    expect(out).toEqual(['kafka', 'clickhouse', 'resources', 'query']);
  });

  it('names fixed versions and bounds of everything', () => {
    for (const [name, { image, deploy }] of services) {
      expect(image, name).toMatch(/:\d+\.\d+/);
      expect(deploy?.resources.limits.cpus, name).toMatch(/^\d/);
      expect(deploy?.resources.limits.memory, name).toMatch(/^\d+[MG]$/);
    }
  });

  it('waits for what a stage needs, and for the topics', () => {
    for (const [name, { depends_on: needs, healthcheck, environment }] of ours) {
      if (name !== 'topics') expect(healthcheck?.test, name).toBeDefined();
      if (environment!['SPANLOOM_CLICKHOUSE_URL'] !== undefined) expect(needs).toHaveProperty('clickhouse');
      if (environment!['SPANLOOM_CORRELATOR_REDIS_URL'] !== undefined) expect(needs).toHaveProperty('redis');
      if (name !== 'topics' && name !== 'query')
        expect(needs?.['topics'], name).toEqual({ condition: 'service_completed_successfully' });
      for (const [needed, { condition }] of Object.entries(needs ?? {}))
        if (condition === 'service_healthy') expect(file.services[needed]!.healthcheck?.test, needed).toBeDefined();
    }
  });

  it('checks health at the port where the stage serves it', () => {
    for (const [name, { healthcheck, environment }] of ours) {
      if (healthcheck?.disable === true) continue;
      const port = environment!['SPANLOOM_METRICS_PORT'];
      expect(healthcheck!.test!.join(' '), name).toContain(`http://127.0.0.1:${port ?? ''}/readyz`);
    }
  });

  it('gives every stage settings that it accepts', () => {
    for (const [, { environment }] of ours) {
      const given = Object.entries(environment!).map(([name, value]) => [name, value.replace(/^\$\{.*\}$/, 'secret')]);
      expect(() => loadSettings(Object.fromEntries(given) as Record<string, string>)).not.toThrow();
    }
  });

  it('leaves a stage longer to end than it takes', () => {
    for (const [name, { environment, stop_grace_period: grace }] of ours) {
      const bound = environment!['SPANLOOM_SHUTDOWN_TIMEOUT']!;
      expect(parseInt(grace!, 10), name).toBeGreaterThan(parseInt(bound, 10));
      expect(`${grace!} ${bound}`, 'both in seconds').toMatch(/^\d+s \d+s$/);
    }
  });

  it('mounts only volumes that it declares, and files that are there, unchangeable', () => {
    const all = services.flatMap(([, { volumes }]) => volumes ?? []);
    for (const file of all.filter((volume) => volume.startsWith('.'))) {
      expect(existsSync(projectFile('deploy', file.split(':')[0]!)), file).toBe(true);
      expect(file).toMatch(/:ro$/);
    }
    const mounted = all.filter((volume) => !volume.startsWith('.')).map((volume) => volume.split(':')[0]!);
    expect([...new Set(mounted)].toSorted()).toEqual(Object.keys(file.volumes).toSorted());
  });
});
