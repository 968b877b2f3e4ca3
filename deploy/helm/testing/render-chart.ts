import { parseAllDocuments } from 'yaml';
import { projectFile } from '../../../core/project-files.ts';
import { type Outcome, runProgram } from '../../testing/check-programs.ts';

/** A container, as far as checks look at it. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly securityContext?: Readonly<Record<string, unknown>> & {
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

/** A pod, as far as checks look at it. */
export interface PodSpec extends Readonly<Record<string, unknown>> {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
}

/** One object of Kubernetes. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  /** Empty where the kind has none. */
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

const chart = projectFile('deploy', 'helm', 'spanloom');
const kubernetes = ['--kube-version', '1.31.0'];

/** The values files that the chart is checked with. */
export const valueSets = ['minimal', 'secured', 'hpa', 'keda', 'processing-only'] as const;
export type ValueSet = (typeof valueSets)[number];

const valuesOf = (set: ValueSet): readonly string[] => [
  '--values',
  projectFile('deploy', 'helm', 'testing', 'values', `${set}.yaml`),
];

/** `helm lint`, warnings being errors. */
export function lintChart(set: ValueSet): Outcome {
  return runProgram('helm', ['lint', chart, '--strict', ...kubernetes, ...valuesOf(set)]);
}

/** `helm template`, with `--set` of some values. */
export function renderText(set: ValueSet, ...values: readonly string[]): Outcome {
  const given = values.flatMap((value) => ['--set', value]);
  return runProgram('helm', [
    'template',
    'traces',
    chart,
    '--namespace',
    'tracing',
    ...kubernetes,
    ...valuesOf(set),
    ...given,
  ]);
}

/** Reads manifests as an API server does that is strict about fields. */
export function checkManifests(text: string): Outcome {
  return runProgram('manifests', [], { input: text });
}

/** The objects that the chart makes. @throws Error with what Helm says */
export function renderChart(set: ValueSet, ...values: readonly string[]): readonly Manifest[] {
  const { ok, output, errors } = renderText(set, ...values);
  if (!ok) throw new Error(errors);
  return parseAllDocuments(output)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)
    .map((manifest) => ({ ...manifest, spec: (manifest as Partial<Manifest>).spec ?? {} }));
}
