/** The examples for several hosts: what can be known of them without the hosts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';
import { common } from '../../src/cli/options.js';
import { verbs } from '../../src/cli/verbs.js';
import { parseConfig, type Config } from '../../src/config/config.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');

/** What is read of a manifest; that it is one of Kubernetes, the first tests see to. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
interface Named {
  readonly name: string;
}
interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}
interface Container extends Named {
  readonly args: readonly string[];
  readonly env: readonly Named[];
  readonly ports: readonly (Named & { readonly containerPort: number })[];
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: string[] } } };
  readonly securityContext: object;
  readonly volumeMounts: readonly Named[];
}
interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: { readonly rollingUpdate: object };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly [Container];
        readonly initContainers: readonly Container[];
        readonly volumes: readonly Named[];
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: { readonly runAsNonRoot: boolean };
      };
    };
  };
}
interface Service extends Manifest {
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly targetPort: string }[];
  };
}
interface Budget extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly maxUnavailable: number;
  };
}
interface ConfigMap extends Manifest {
  readonly data: { readonly 'cutover.json': string };
}
interface Secret extends Manifest {
  readonly stringData: Readonly<Record<string, string>>;
}

/** What is read of the configuration as it is written. */
interface Written {
  readonly configService: { readonly port: number };
  readonly cluster: { readonly servers: readonly { readonly zone?: string }[] };
  readonly device: { readonly frontends: readonly string[]; readonly control: readonly string[] };
  readonly registry: { readonly endpoints: readonly string[] };
}

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly build: string;
        readonly command: readonly string[];
        readonly stop_grace_period: string;
      }
    >
  >;
}

/** Commands of Cutover: each option must be one that the verb takes. */
function expectKnown(words: readonly string[]): void {
  const [name = '', ...rest] = words;
  const verb = verbs.find(each => each.name === name);
  if (verb === undefined) expect.fail(`no verb: ${words.join(' ')}`);
  const known = Object.keys({ ...common, ...verb.options }).map(option => `--${option}`);
  const options = rest.filter(word => word.startsWith('-')).map(word => word.split('=')[0]);
  expect([...known, '-c']).to.include.members(options);
  expect(options.some(option => option === '-c' || option === '--config')).to.equal(true);
}

/** Seconds, written as `45`, `45s`. */
const seconds = (given: unknown) => Number(/^(\d+)s?$/.exec(String(given))?.[1]);

/** Longer than what is in flight may take. */
function expectTimeToDrain(given: unknown, before = 0): void {
  const parsed = parseConfig({ cluster: { servers: [{ ip: '127.0.0.1', port: 1 }] } });
  if (!parsed.ok) expect.fail('no problem was expected');
  const { drain, drainTunnel } = parsed.config.timeouts;
  expect(seconds(given)).to.be.above(before + Math.max(drain, drainTunnel));
}

describe('examples/kubernetes', () => {
  const folder = 'examples/kubernetes';
  const files = readdirSync(join(root, folder));
  const manifests = files
    .filter(name => name !== 'kustomization.yaml')
    .flatMap(name =>
      parseAllDocuments(textOf(join(folder, name)), { merge: true }).map(document => {
        expect(document.errors).to.deep.equal([]);
        return document.toJS() as Manifest;
      }),
    );
  const ofKind = (kind: string) => manifests.filter(each => each.kind === kind);
  const named = (kind: string, name: string): Manifest =>
    ofKind(kind).find(({ metadata }) => metadata.name === name) ??
    expect.fail(`no ${kind} ${name}`);
  const deployments = ofKind('Deployment') as unknown as readonly Deployment[];
  const deploymentOf = (role: string) => named('Deployment', role) as Deployment;
  const configText = (named('ConfigMap', 'cutover') as ConfigMap).data['cutover.json'];

  it('is whole: kustomization.yaml names every file', () => {
    const { resources } = parse(textOf(join(folder, 'kustomization.yaml'))) as {
      readonly resources: readonly string[];
    };
    expect([...resources, 'kustomization.yaml'].sort()).to.deep.equal(files.sort());
  });

  it('has the fields, and the types, of the published API of Kubernetes, and no others', () => {
    expect(wrongIn(manifests)).to.deep.equal([]);
  });

  it('would be found out: a field that is misspelled, missing, or of another type', () => {
    const worker = deploymentOf('worker');
    const wrong = wrongIn([
      { ...worker, spec: { ...worker.spec, replica: 6 } },
      { ...worker, spec: { ...worker.spec, selector: undefined } },
      { ...worker, spec: { ...worker.spec, replicas: 'six' } },
    ] as readonly object[] as readonly Manifest[]);
    expect(wrong).to.have.lengthOf(3);
    const [misspelled, missing, other] = wrong;
    expect(misspelled).to.include('"replica"');
    expect(missing).to.include("'selector' is missing");
    expect(other).to.include("'string' is not assignable to type 'number'");
  });

  it('tells frontends and workers where they are, and everybody else where they listen', () => {
    const argsOf = (role: string) => deploymentOf(role).spec.template.spec.containers[0].args;
    for (const { metadata } of deployments) expectKnown(argsOf(metadata.name));
    for (const role of ['frontend', 'worker']) {
      expect(argsOf(role)).to.include.members(['--host=$(NODE_NAME)', '--zone=$(ZONE)']);
    }
    expect(argsOf('frontend')).to.include('--device=tcp://$(POD_IP):9092');
    expect(argsOf('control')).to.include('--announce=tcp://$(POD_IP):9091');
  });

  for (const deployment of deployments) {
    const { spec: pod, metadata } = deployment.spec.template;
    const [container] = pod.containers;

    describe(deployment.metadata.name, () => {
      it('has variables for all that its arguments name', () => {
        const used = [...JSON.stringify(container.args).matchAll(/\$\((\w+)\)/g)];
        const known = container.env.map(({ name }) => name);
        expect(known).to.include.members(used.map(([, name]) => name));
      });

      it('mounts what is there', () => {
        const known = pod.volumes.map(({ name }) => name);
        for (const { volumeMounts } of [...pod.initContainers, ...pod.containers]) {
          expect(known).to.include.members(volumeMounts.map(({ name }) => name));
        }
      });

      it('is given longer to end than it takes to drain', () => {
        const [program, wait] = container.lifecycle?.preStop.exec.command ?? ['sleep', '0'];
        expect(program).to.equal('sleep');
        expectTimeToDrain(pod.terminationGracePeriodSeconds, Number(wait));
      });

      it('keeps all but one while nodes are drained, and all while it is rolled out', () => {
        const budget = named('PodDisruptionBudget', deployment.metadata.name) as Budget;
        expect(metadata.labels).to.deep.include(budget.spec.selector.matchLabels);
        expect(budget.spec.maxUnavailable).to.equal(1);
        expect(deployment.spec.replicas).to.be.above(1);
        const { rollingUpdate } = deployment.spec.strategy;
        expect(rollingUpdate).to.deep.equal({ maxSurge: 1, maxUnavailable: 0 });
      });

      it('runs as nobody, and writes nowhere but to its own folders', () => {
        expect(pod.securityContext.runAsNonRoot).to.equal(true);
        for (const { securityContext } of [...pod.initContainers, ...pod.containers]) {
          expect(securityContext).to.deep.equal({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
        }
      });
    });
  }

  it('has services whose pods and ports are there', () => {
    for (const { spec } of ofKind('Service') as unknown as readonly Service[]) {
      const pods = deployments
        .map(each => each.spec.template)
        .filter(({ metadata: { labels } }) =>
          Object.entries(spec.selector).every(([key, value]) => labels[key] === value),
        );
      expect(pods).to.have.lengthOf(1);
      const ports = pods[0]?.spec.containers[0].ports.map(({ name }) => name);
      expect(ports).to.include.members(spec.ports.map(({ targetPort }) => targetPort));
    }
  });

  it('asks control by /healthz, where the configuration says that it listens', () => {
    const [control] = deploymentOf('control').spec.template.spec.containers;
    const { configService } = JSON.parse(configText) as Written;
    for (const probe of [control.readinessProbe, control.livenessProbe]) {
      expect(probe.httpGet).to.deep.equal({ path: '/healthz', port: 'rest' });
    }
    const rest = control.ports.find(({ name }) => name === 'rest');
    expect(rest?.containerPort).to.equal(configService.port);
  });

  it('has a placeholder in the secret for each file that the configuration names', () => {
    const files = [...configText.matchAll(/"\/run\/cutover\/([^"]+)"/g)].map(([, file]) => file);
    const { stringData } = named('Secret', 'cutover') as Secret;
    expect(Object.keys(stringData)).to.have.members(files);
    for (const text of Object.values(stringData)) expect(text).to.match(/^replace-me/);
  });

  it('has a configuration without problems', () => {
    expectNoProblems(configText);
  });
});

describe('examples/three-hosts', () => {
  const folder = 'examples/three-hosts';
  const hosts = [1, 2, 3].map(n => variablesIn(textOf(`${folder}/host-${n}.env`)));
  const config = JSON.parse(textOf(`${folder}/cutover.json`)) as Written;
  const units = readdirSync(join(root, folder, 'systemd'), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.(service|socket|conf)$/.test(name))
    .map(name => textOf(join(folder, 'systemd', name)));
  const compose = parse(textOf(`${folder}/compose.yaml`), { merge: true }) as Compose;

  it('has a configuration without problems', () => {
    expectNoProblems(textOf(`${folder}/cutover.json`));
  });

  it('names each host once wherever it lists them', () => {
    const addresses = hosts.map(({ ADDRESS }) => ADDRESS);
    expect(new Set(addresses).size).to.equal(3);
    const { device, registry, cluster } = config;
    expect(device.frontends).to.deep.equal(addresses.map(each => `tcp://${each}:9092`));
    expect(device.control).to.deep.equal(addresses.map(each => `tcp://${each}:9091`));
    expect(registry.endpoints).to.deep.equal(addresses.map(each => `https://${each}:2379`));
    const zones = cluster.servers.map(({ zone }) => zone);
    expect(zones).to.deep.equal(hosts.map(({ ZONE }) => ZONE));
  });

  it('starts the members of etcd with the names and addresses of the hosts', () => {
    const cluster = hosts.map(({ NAME, ADDRESS }) => `${NAME}=https://${ADDRESS}:2380`).join(',');
    for (const text of [
      textOf(`${folder}/systemd/cutover-etcd.service`),
      textOf(`${folder}/compose.yaml`),
    ]) {
      expect(text.replaceAll(/initial-cluster[= ]/g, '')).to.include(cluster);
    }
  });

  it('needs no variable that a host does not say', () => {
    const used = [
      ...units.join('\n').matchAll(/^[^#]*?\$\{(\w+)/gm),
      ...textOf(`${folder}/compose.yaml`).matchAll(/\$\{(\w+)/g),
    ];
    const names = new Set(used.map(([, name]) => name));
    expect([...names].sort()).to.deep.equal(['ADDRESS', 'NAME', 'ZONE']);
    for (const host of hosts) expect(host).to.have.all.keys([...names]);
  });

  it('starts roles by commands that they know', () => {
    const commands = units.flatMap(text => {
      const [, command] = /^ExecStart=\/usr\/local\/bin\/cutover (.*)$/m.exec(text) ?? [];
      return command === undefined ? [] : [command.split(' ')];
    });
    expect(commands.map(([verb]) => verb).sort()).to.deep.equal(['control', 'frontend', 'worker']);
    const ours = Object.values(compose.services).filter(({ image }) => image === 'cutover');
    expect(ours).to.have.lengthOf(4);
    for (const words of [...commands, ...ours.map(({ command }) => command)]) {
      expectKnown(words);
    }
  });

  it('gives containers longer to end than they take to drain', () => {
    for (const { image, stop_grace_period } of Object.values(compose.services)) {
      if (image === 'cutover') expectTimeToDrain(stop_grace_period);
    }
  });

  it('builds the image from where its Dockerfile is', () => {
    const build = compose.services['control']?.build ?? expect.fail('no control');
    expect(readdirSync(join(root, folder, build))).to.include('Dockerfile');
  });
});

function expectNoProblems(text: string): Config {
  const parsed = parseConfig(JSON.parse(text));
  if (!parsed.ok) return expect.fail(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.config;
}

function variablesIn(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map(line => /^(\w+)=(.*)$/.exec(line)?.slice(1) as [string, string]),
  );
}

/** Where the types of an API version are declared, which are made from what Kubernetes publishes. */
const packages: Readonly<Record<string, string>> = {
  v1: 'kubernetes-types/core/v1',
  'apps/v1': 'kubernetes-types/apps/v1',
  'policy/v1': 'kubernetes-types/policy/v1',
};

/** What the compiler says against them, as literals of their types. */
function wrongIn(manifests: readonly Manifest[]): readonly string[] {
  const lines = manifests.map(
    ({ apiVersion, kind }, n) =>
      `export const m${n}: import('${packages[apiVersion] ?? `none for ${apiVersion}`}').${kind} = ${JSON.stringify(manifests[n])};`,
  );
  const file = join(root, 'manifests.ts');
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.ES2022)
      : read(name, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
