/** Which folder may import which. See docs/architecture.md, "Imports". */
const only = (name, module, allowed) => ({
  name,
  severity: 'error',
  comment: `${module} is imported in ${allowed} only`,
  from: { pathNot: allowed },
  to: { path: `(^|/)node_modules/${module}/` },
});

const pure =
  '^src/(http|wire|versions|verdict)/|^workers/(strategies|routing|rescue|comparison|sessions)/';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'src-never-imports-workers',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^workers/' },
    },
    {
      name: 'workers-are-their-own-process',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^src/(frontend|control|supervisor|operator|cli/|cli\\.ts)' },
    },
    {
      name: 'neighbours-do-not-import-each-other',
      severity: 'error',
      from: { path: '^src/(frontend|control|supervisor|operator)/' },
      to: { path: '^src/(frontend|control|supervisor|operator)/', pathNot: '^src/$1/' },
    },
    {
      name: 'pure-folders-do-no-io',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|crypto)$' },
    },
    {
      name: 'pure-folders-import-no-shell',
      severity: 'error',
      from: { path: pure },
      to: { path: '^src/(sockets|frontend|control|supervisor|log\\.ts|kernel/clock\\.ts)' },
    },
    only('zeromq', 'zeromq', '^src/sockets/'),
    only('msgpackr', 'msgpackr', '^src/wire/'),
    only('pino', 'pino(-pretty)?', '^src/log\\.ts$'),
    only('prom-client', 'prom-client', '^src/control/metrics\\.ts$'),
    only('fastify', 'fastify', '^src/control/'),
    only('yargs', 'yargs', '^src/cli/'),
    only('opentelemetry', '@opentelemetry', '^src/telemetry/otlp\\.ts$'),
    only('dockerode', 'dockerode', '^src/containers/'),
    only('etcd3', 'etcd3', '^src/registry/etcd[\\w-]*\\.ts$'),
    only('cockatiel', 'cockatiel', '^src/registry/etcd[\\w-]*\\.ts$'),
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
      extensions: ['.ts', '.js'],
    },
  },
};
