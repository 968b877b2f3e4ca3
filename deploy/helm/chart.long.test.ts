import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadSettings } from '../../cli/settings.ts';
import { readResourceFile } from '../../collector/cloud/file/read-resource-file.ts';
import { objectKinds } from '../../collector/kubernetes/object-kinds.ts';
import { stageNames } from '../../cli/stages.ts';
import { projectFile } from '../../core/project-files.ts';
import { describeWhere } from '../../test/requirement.ts';
import { programsMissing } from '../testing/check-programs.ts';
import {
  checkManifests,
  type Container,
  lintChart,
  type Manifest,
  type PodSpec,
  renderChart,
  renderText,
  valueSets,
} from './testing/render-chart.ts';

const streams = ['enricher', 'correlator', 'sink'] as const;

function podsOf(manifests: readonly Manifest[]): readonly { readonly name: string; readonly pod: PodSpec }[] {
  return manifests.flatMap(({ metadata, spec }) =>
    spec.template === undefined ? [] : [{ name: metadata.name, pod: spec.template.spec }],
  );
}

const containersOf = ({ containers, initContainers }: PodSpec): readonly Container[] => [
  ...(initContainers ?? []),
  ...containers,
];

const ofKind = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

function podOf(manifests: readonly Manifest[], stage: string): PodSpec {
  return podsOf(manifests).find(({ name }) => name === `traces-spanloom-${stage}`)!.pod;
}

function environmentOf(manifests: readonly Manifest[], stage: string): ReadonlyMap<string, string | undefined> {
  return new Map(podOf(manifests, stage).containers[0]!.env!.map(({ name, value }) => [name, value]));
}

const seconds = (text: string): number => {
  expect(text).toMatch(/^\d+s$/);
  return parseInt(text, 10);
};

describeWhere(programsMissing('helm', 'manifests'), 'the Helm chart', () => {
  for (const set of valueSets) {
    it(`passes lint, and a strict reading of its objects, with the values "${set}"`, () => {
      expect(lintChart(set)).toMatchObject({ ok: true });
      const { ok, output, errors } = renderText(set);
      expect(errors).toBe('');
      expect(ok).toBe(true);
      const checked = checkManifests(output);
      expect(checked.errors).toBe('');
      expect(checked.ok).toBe(true);
      const foreign = checked.output.match(/^not checked: no kind "(\w+)"/gm) ?? [];
      const expected = { keda: 3, secured: 1 } as Partial<Record<string, number>>;
      expect(foreign).toHaveLength(expected[set] ?? 0);
    });

    it(`lets no pod have more rights than it needs, with the values "${set}"`, () => {
      const pods = podsOf(renderChart(set));
      expect(pods.length).toBeGreaterThanOrEqual(4);
      for (const { name, pod } of pods) {
        expect(pod, name).toMatchObject({
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
        });
        for (const { name: container, securityContext, resources, image } of containersOf(pod)) {
          expect(securityContext, container).toMatchObject({
            readOnlyRootFilesystem: true,
            runAsNonRoot: container !== 'state',
            allowPrivilegeEscalation: set === 'secured' && container === 'collector',
            capabilities: { drop: ['ALL'] },
          });
          expect(securityContext).not.toHaveProperty('privileged');
          expect(resources?.requests, container).toHaveProperty('cpu');
          expect(resources?.limits, container).toHaveProperty('memory');
          expect(image, container).toMatch(/:\d+\.\d+\.\d+/);
        }
      }
      const added = pods.flatMap(({ pod }) =>
        containersOf(pod).flatMap(({ name, securityContext }) =>
          (securityContext?.capabilities?.add ?? []).map((capability) => `${name} ${capability}`),
        ),
      );
      const capture = ['state CHOWN', 'collector BPF', 'collector PERFMON', 'collector SYS_PTRACE'];
      expect(added).toEqual(
        set === 'processing-only' ? [] : set === 'secured' ? [...capture, 'collector SYS_ADMIN'] : capture,
      );
    });
  }

  it('runs every stage, and hands the collector exactly the capabilities that its container has', () => {
    const manifests = renderChart('secured');
    for (const stage of stageNames) {
      const [container] = podOf(manifests, stage).containers;
      expect(container!.image).toBe(`registry.example.com/observability/spanloom-${stage}:0.1.0-2`);
      expect(container!.args).toEqual([stage]);
    }
    const { command, securityContext } = podOf(manifests, 'collector').containers[0]!;
    const held = securityContext!.capabilities!.add!.map((name) => `+${name.toLowerCase()}`).join(',');
    expect(command).toEqual([
      'with-capabilities',
      '--inh-caps',
      held,
      '--ambient-caps',
      held,
      'node',
      '/app/dist/cli/main.js',
    ]);
  });

  it('shows the collector the processes and the network of its node, and mounts only its state for writing', () => {
    const pod = podOf(renderChart('secured'), 'collector');
    expect(pod).toMatchObject({ hostPID: true, hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
    const hostPaths = pod.volumes!.filter((volume) => 'hostPath' in volume).map(({ name }) => name);
    expect(hostPaths).toEqual(['state']);
    const writable = pod.containers[0]!.volumeMounts!.filter(({ readOnly }) => readOnly !== true);
    expect(writable.map(({ mountPath }) => mountPath)).toEqual(['/var/lib/spanloom', '/tmp']);
    for (const stage of ['resources', 'enricher', 'correlator', 'sink', 'query']) {
      expect(podOf(renderChart('secured'), stage)).not.toHaveProperty('hostPID');
      expect(podOf(renderChart('secured'), stage)).not.toHaveProperty('hostNetwork');
    }
  });

  it('asks for health where the stage serves it, and grants more time to end than the stage takes', () => {
    const manifests = renderChart('minimal', 'collector.metricsPort=9999', 'terminationGracePeriodSeconds=45');
    for (const stage of stageNames) {
      const pod = podOf(manifests, stage);
      const [container] = pod.containers;
      const environment = environmentOf(manifests, stage);
      expect(container!.livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 'metrics' });
      expect(container!.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
      const port = container!.ports!.find(({ name }) => name === 'metrics')!.containerPort;
      expect(String(port)).toBe(environment.get('SPANLOOM_METRICS_PORT'));
      expect(port).toBe(stage === 'collector' ? 9999 : 9464);
      const grace = pod['terminationGracePeriodSeconds'] as number;
      expect(grace).toBe(45);
      expect(seconds(environment.get('SPANLOOM_SHUTDOWN_TIMEOUT')!)).toBeLessThan(grace);
    }
  });

  it('takes every password from a Secret that exists, and each stage its own login where there is one', () => {
    const manifests = renderChart('secured');
    const secrets = podsOf(manifests).flatMap(({ name, pod }) =>
      pod.containers[0]!.env!.filter((variable) => /PASSWORD|_USER$/.test(variable.name)).map((variable) => ({
        ...variable,
        pod: name,
      })),
    );
    const passwords = secrets.filter(({ name }) => name.endsWith('PASSWORD'));
    // Six of Kafka (with the topics job), five of the Schema Registry, one of Redis, two of ClickHouse.
    expect(passwords).toHaveLength(14);
    for (const { name, value, valueFrom } of passwords) {
      expect(value, name).toBeUndefined();
      expect(valueFrom?.secretKeyRef, name).toBeDefined();
    }
    const logins = passwords.filter(({ name }) => name === 'SPANLOOM_BUS_KAFKA_PASSWORD');
    expect(Object.fromEntries(logins.map(({ pod, valueFrom }) => [pod, valueFrom!.secretKeyRef!.name]))).toEqual({
      'traces-spanloom-collector': 'kafka-login',
      'traces-spanloom-resources': 'kafka-login',
      'traces-spanloom-enricher': 'kafka-login-enricher',
      'traces-spanloom-correlator': 'kafka-login',
      'traces-spanloom-sink': 'kafka-login',
      'traces-spanloom-topics': 'kafka-login-admin',
    });
    expect(ofKind(manifests, 'Secret')).toEqual([]);
  });

  it('tells each stage of what it reads and of nothing else', () => {
    const manifests = renderChart('secured');
    const reads = (stage: string, part: string): boolean =>
      [...environmentOf(manifests, stage).keys()].some((name) => name.startsWith(`SPANLOOM_${part}`));
    const table = stageNames.map((stage) => [
      stage,
      reads(stage, 'BUS_KAFKA'),
      reads(stage, 'CORRELATOR_REDIS'),
      reads(stage, 'CLICKHOUSE'),
    ]);
    expect(table).toEqual([
      ['collector', true, false, false],
      ['resources', true, false, false],
      ['enricher', true, false, false],
      ['correlator', true, true, false],
      ['sink', true, false, true],
      ['query', false, false, true],
    ]);
  });

  it('sets nothing twice: what it sets itself is refused among the free settings', () => {
    const schema = JSON.parse(readFileSync(projectFile('deploy/helm/spanloom/values.schema.json'), 'utf8')) as {
      definitions: { settings: { propertyNames: { not: { pattern: string } } } };
    };
    const own = new RegExp(schema.definitions.settings.propertyNames.not.pattern);
    const free = ['SPANLOOM_LOG_LEVEL', 'SPANLOOM_COLLECTOR_PAYLOAD_BYTES', 'SPANLOOM_CORRELATOR_MAX_SPANS'];
    for (const { name: pod, pod: spec } of podsOf(renderChart('secured'))) {
      const names = spec.containers[0]!.env!.map(({ name }) => name);
      expect(new Set(names).size, pod).toBe(names.length);
      for (const name of names.filter((each) => each.startsWith('SPANLOOM_') && !free.includes(each)))
        expect(name).toMatch(own);
    }
    expect(renderText('minimal', 'sink.settings.SPANLOOM_CLICKHOUSE_URL=http://other').ok).toBe(false);
    expect(renderText('minimal', 'settings.LOG_LEVEL=warn').ok).toBe(false);
  });

  it('runs a stage at a version of its own, so that readers can be upgraded before writers', () => {
    const manifests = renderChart('minimal', 'sink.tag=0.2.0');
    expect(podOf(manifests, 'sink').containers[0]!.image).toBe('spanloom-sink:0.2.0');
    expect(podOf(manifests, 'enricher').containers[0]!.image).toBe('spanloom-enricher:0.1.0');
  });

  it('gives every stage settings that it accepts', () => {
    for (const set of valueSets)
      for (const { name: pod, pod: spec } of podsOf(renderChart(set))) {
        const given = spec.containers[0]!.env!.map(({ name, value }) => [name, value ?? '192.0.2.1'] as const);
        expect(() => loadSettings(Object.fromEntries(given)), pod).not.toThrow();
      }
  });

  it('prefers the settings of one stage to those of all', () => {
    const manifests = renderChart(
      'minimal',
      'settings.SPANLOOM_LOG_LEVEL=warn',
      'sink.settings.SPANLOOM_LOG_LEVEL=debug',
    );
    expect(environmentOf(manifests, 'sink').get('SPANLOOM_LOG_LEVEL')).toBe('debug');
    expect(environmentOf(manifests, 'enricher').get('SPANLOOM_LOG_LEVEL')).toBe('warn');
  });

  it('selects only what it made: every selector matches the labels of its pods, and of no other stage', () => {
    const manifests = renderChart('secured');
    const labels = manifests.flatMap(({ metadata, spec }) =>
      spec.template === undefined ? [] : [{ name: metadata.name, labels: spec.template.metadata.labels }],
    );
    const matched = (selector: Readonly<Record<string, string>>): readonly string[] =>
      labels
        .filter((each) => Object.entries(selector).every(([name, value]) => each.labels[name] === value))
        .map(({ name }) => name);
    for (const kind of ['Deployment', 'DaemonSet', 'PodDisruptionBudget'])
      for (const { metadata, spec } of ofKind(manifests, kind)) {
        const { matchLabels } = spec['selector'] as { matchLabels: Record<string, string> };
        expect(matched(matchLabels), kind).toEqual([metadata.name]);
      }
    for (const { metadata, spec } of ofKind(manifests, 'NetworkPolicy')) {
      const { matchLabels } = spec['podSelector'] as { matchLabels: Record<string, string> };
      const all = labels.map(({ name }) => name);
      expect(matched(matchLabels)).toEqual(metadata.name.endsWith('-deny') ? all : [metadata.name]);
    }
    const metrics = ofKind(manifests, 'Service').find(({ metadata }) => metadata.name.endsWith('-metrics'));
    expect(matched(metrics!.spec['selector'] as Record<string, string>)).toHaveLength(labels.length);
  });

  it('closes the network but for the ports of Kafka, Redis, ClickHouse and names', () => {
    const policies = ofKind(renderChart('secured'), 'NetworkPolicy');
    const portsOf = (rules: unknown): readonly unknown[] =>
      ((rules ?? []) as { ports: { port: unknown }[]; to?: unknown; from?: unknown }[]).flatMap((rule) => {
        expect(rule.to ?? rule.from, 'a rule without peers lets everyone through').toBeDefined();
        return rule.ports.map(({ port }) => port);
      });
    const table = policies.map(({ metadata, spec }) => [
      metadata.name.replace('traces-spanloom-', ''),
      portsOf(spec['ingress']),
      portsOf(spec['egress']),
    ]);
    expect(table.toSorted()).toEqual([
      ['correlator', ['metrics'], [53, 53, 9093, 8081, 6380]],
      ['deny', [], []],
      ['enricher', ['metrics'], [53, 53, 9093, 8081]],
      ['query', ['metrics', 'http'], [53, 53, 8443]],
      ['resources', ['metrics'], [53, 53, 9093, 8081, 443, 6443, 443, 80]],
      ['sink', ['metrics'], [53, 53, 9093, 8081, 8443]],
      ['topics', [], [53, 53, 9093]],
    ]);
    for (const { spec } of policies) expect(spec['policyTypes']).toEqual(['Ingress', 'Egress']);
  });

  it('reaches pods of its own namespace only where the values name nobody, and names only where the cluster has them', () => {
    interface Rule {
      readonly ports: readonly { readonly port: unknown }[];
      readonly to?: readonly object[];
    }
    for (const { metadata, spec } of ofKind(renderChart('minimal'), 'NetworkPolicy'))
      for (const { ports, to } of (spec['egress'] ?? []) as readonly Rule[]) {
        const port = ports.at(-1)!.port;
        if (port === 53)
          expect(to, metadata.name).toEqual([
            expect.objectContaining({ namespaceSelector: expect.anything() as unknown }),
          ]);
        // The API server: a chart that is rendered without a cluster does not know where it is.
        else if (port !== 6443) expect(to, metadata.name).toEqual([{ podSelector: {} }]);
      }
    const named = renderChart('minimal', 'networkPolicy.kafka[0].ipBlock.cidr=192.0.2.0/24');
    expect(JSON.stringify(ofKind(named, 'NetworkPolicy'))).toContain('"to":[{"ipBlock":{"cidr":"192.0.2.0/24"}}]');
  });

  it('captures without SYS_PTRACE where the values say so', () => {
    const { command, securityContext } = podOf(renderChart('minimal', 'collector.ptrace=false'), 'collector')
      .containers[0]!;
    expect(securityContext!.capabilities!.add).toEqual(['BPF', 'PERFMON']);
    expect(command).toContain('+bpf,+perfmon');
  });

  it('captures packets with NET_RAW where the values say so', () => {
    const manifests = renderChart('minimal', 'collector.packets=true');
    const { command, securityContext } = podOf(manifests, 'collector').containers[0]!;
    expect(securityContext!.capabilities!.add).toEqual(['BPF', 'PERFMON', 'NET_RAW', 'SYS_PTRACE']);
    expect(command).toContain('+bpf,+perfmon,+net_raw,+sys_ptrace');
    expect(environmentOf(manifests, 'collector').get('SPANLOOM_COLLECTOR_PACKETS_ENABLED')).toBe('true');
    expect(environmentOf(renderChart('minimal'), 'collector').has('SPANLOOM_COLLECTOR_PACKETS_ENABLED')).toBe(false);
  });

  it('captures only packets, with NET_RAW alone, where the values say so', () => {
    const packetsOnly = ['collector.programs=false', 'collector.packets=true'];
    const manifests = renderChart('minimal', ...packetsOnly);
    const pod = podOf(manifests, 'collector');
    const { command, securityContext } = pod.containers[0]!;
    expect(securityContext!.capabilities!.add).toEqual(['NET_RAW']);
    expect(command!.slice(0, 5)).toEqual(['with-capabilities', '--inh-caps', '+net_raw', '--ambient-caps', '+net_raw']);
    expect(pod).toMatchObject({ hostPID: false, hostNetwork: true });
    const environment = environmentOf(manifests, 'collector');
    expect(environment.get('SPANLOOM_COLLECTOR_CAPTURE_ENABLED')).toBe('false');
    expect(environment.get('SPANLOOM_COLLECTOR_PACKETS_ENABLED')).toBe('true');
    expect(environmentOf(renderChart('minimal'), 'collector').has('SPANLOOM_COLLECTOR_CAPTURE_ENABLED')).toBe(false);
    // To enter network namespaces of pods takes their processes, and SYS_ADMIN.
    const entering = podOf(renderChart('minimal', ...packetsOnly, 'collector.loopProbes=true'), 'collector');
    expect(entering['hostPID']).toBe(true);
    expect(entering.containers[0]!.securityContext!.capabilities!.add).toEqual(['NET_RAW', 'SYS_PTRACE', 'SYS_ADMIN']);
    expect(() => renderChart('minimal', 'collector.programs=false')).toThrow(/collector/);
  });

  it('answers queries by the names of its Service, and by those that the values name', () => {
    const manifests = renderChart('minimal', 'query.hosts={traces.example.com}');
    expect(environmentOf(manifests, 'query').get('SPANLOOM_QUERY_HOSTS')).toBe(
      'traces-spanloom-query,traces-spanloom-query.tracing,traces-spanloom-query.tracing.svc,traces-spanloom-query.tracing.svc.cluster.local,traces.example.com',
    );
  });

  it('lets one stage read exactly what it watches, and hold one Lease', () => {
    type Rule = Readonly<Record<'apiGroups' | 'resources' | 'verbs' | 'resourceNames', readonly string[] | undefined>>;
    const manifests = renderChart('minimal') as readonly (Manifest & { readonly rules?: readonly Rule[] })[];
    const rules = (kind: string): readonly Rule[] => manifests.find((each) => each.kind === kind)!.rules!;
    const watched = Object.values(objectKinds).map(({ path }) =>
      /^\/apis?\/(?:([^/]+)\/)?v1\/(\w+)$/.exec(path)!.slice(1),
    );
    const allowed = rules('ClusterRole').flatMap(({ apiGroups, resources, verbs }) => {
      expect(verbs).toEqual(['get', 'list', 'watch']);
      return resources!.map((name) => `${apiGroups![0]!}/${name}`);
    });
    expect(allowed.toSorted()).toEqual(watched.map(([group = '', name]) => `${group}/${name!}`).toSorted());
    const lease = environmentOf(manifests, 'resources').get('SPANLOOM_RESOURCES_KUBERNETES_LEASE_NAME');
    expect(rules('Role')).toEqual([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [lease], verbs: ['get', 'update'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    ]);
    const withToken = podsOf(manifests).filter(({ pod }) =>
      JSON.stringify(pod.volumes).includes('serviceAccountToken'),
    );
    expect(withToken.map(({ name }) => name)).toEqual(['traces-spanloom-resources']);
    const without = renderChart('minimal', 'resources.kubernetes=false');
    expect(ofKind(without, 'ClusterRole')).toEqual([]);
    expect(JSON.stringify(podOf(without, 'resources'))).not.toContain('serviceAccountToken');
  });

  it('lists clouds and reads files that the values name, and needs no network for those that they do not', () => {
    const manifests = renderChart('secured');
    const settings = environmentOf(manifests, 'resources');
    expect(settings.get('SPANLOOM_RESOURCES_CLOUD_PROVIDERS')).toBe('aws');
    expect(settings.get('SPANLOOM_RESOURCES_AWS_REGIONS')).toBe('us-east-1,eu-west-1');
    const [file] = ofKind(manifests, 'ConfigMap') as readonly (Manifest & { readonly data: Record<string, string> })[];
    const { volumes, containers } = podOf(manifests, 'resources');
    expect(volumes).toContainEqual({ name: 'resource-files', configMap: { name: file!.metadata.name } });
    const { mountPath } = containers[0]!.volumeMounts!.find(({ name }) => name === 'resource-files')!;
    expect(settings.get('SPANLOOM_RESOURCES_CLOUD_FILES')).toBe(`${mountPath}/racks.yaml`);
    expect(readResourceFile(file!.data['racks.yaml']!)).toMatchObject({ kind: 'ok' });
    const account = ofKind(manifests, 'ServiceAccount').find(({ metadata }) => metadata.name.endsWith('-resources'));
    expect(account!.metadata).toHaveProperty('annotations');

    const minimal = renderChart('minimal');
    expect(ofKind(minimal, 'ConfigMap')).toEqual([]);
    const names = [...environmentOf(minimal, 'resources').keys()];
    expect(names.filter((name) => /CLOUD|AWS/.test(name))).toEqual([]);
    expect(JSON.stringify(ofKind(minimal, 'NetworkPolicy'))).not.toContain('"port":80}');
  });

  it('knows the port of an address that names none', () => {
    const ports = (url: string): string => {
      const policies = ofKind(renderChart('minimal', `clickhouse.url=${url}`, 'redis.url=redis://r'), 'NetworkPolicy');
      return JSON.stringify(policies.map(({ spec }) => spec['egress']));
    };
    expect(ports('https://db.example')).toContain('"port":443');
    expect(ports('http://db.example')).toContain('"port":80}');
    expect(ports('http://db.example:8123/path')).toContain('"port":8123');
    expect(ports('http://db.example')).toContain('"port":6379');
  });

  it('scales by the lag that stages measure, within the partitions there are', () => {
    for (const set of ['hpa', 'keda'] as const) {
      const manifests = renderChart(set);
      const scalers = ofKind(manifests, set === 'hpa' ? 'HorizontalPodAutoscaler' : 'ScaledObject');
      expect(scalers.map(({ metadata }) => metadata.name)).toEqual(streams.map((name) => `traces-spanloom-${name}`));
      for (const { metadata, spec } of scalers) {
        expect(spec['scaleTargetRef']).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name });
        expect(JSON.stringify(spec)).toContain('spanloom_stage_lag_seconds');
      }
      // An upgrade must not undo what the autoscaler did.
      for (const { metadata, spec } of ofKind(manifests, 'Deployment'))
        expect('replicas' in spec, metadata.name).toBe(/-(query|resources)$/.test(metadata.name));
    }
  });

  it('refuses what cannot work, with what to change', () => {
    const refusals: readonly (readonly [string, ...string[]])[] = [
      ['set redis.url', 'correlator.replicas=2'],
      ['13 is too many', 'enricher.replicas=13'],
      ['autoscaling.keda.prometheus', 'autoscaling.kind=keda'],
      ['clickhouse.url is the address', 'clickhouse.url='],
      ['kafka.sasl.secret names', 'kafka.sasl.mechanism=plain'],
      ['brokers', 'kafka.brokers={}'],
      ['replicaz', 'sink.replicaz=2'],
      ['tag', 'image.tag=latest'],
      ['url', 'redis.url=redis://:secret@host'],
    ];
    for (const [reason, ...values] of refusals) {
      const { ok, errors } = renderText('minimal', ...values);
      expect(ok, values.join(' ')).toBe(false);
      expect(errors).toContain(reason);
    }
  });

  it('says of which version it is the one that package.json says', () => {
    const { version } = JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as { readonly version: string };
    expect(readFileSync(projectFile('deploy', 'helm', 'spanloom', 'Chart.yaml'), 'utf8')).toContain(
      `appVersion: ${version}\n`,
    );
  });
});
