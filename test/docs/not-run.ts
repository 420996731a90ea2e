/** Blocks of shell that no test runs as they stand, and why. They are parsed, and what they name must exist. */

export interface NotRun {
  readonly page: string;
  /** How the block begins. */
  readonly begins: string;
  /** What is tried instead. */
  readonly because: string;
}

export const notRun: readonly NotRun[] = [
  {
    page: 'README.md',
    begins: 'npm ci && npm run demo',
    because: 'it installs; test/system/demo.test.ts runs the demo',
  },
  { page: 'README.md', begins: 'npm ci && npm test', because: 'it is this very run' },
  {
    page: 'README.md',
    begins: 'cutover deploy next.json --wait',
    because: 'its upgrade takes half an hour; test/long/automation.test.ts runs both lines faster',
  },
  {
    page: 'README.md',
    begins: 'puppet apply',
    because: 'it needs Puppet; test/long/automation.test.ts runs it where there is one',
  },
  {
    page: 'README.md',
    begins: 'docker build',
    because: 'it needs an engine and an image registry',
  },
  {
    page: 'README.md',
    begins: 'sudo npm install',
    because:
      'it needs root and systemd; test/operator/package.test.ts installs, test/system/systemd.test.ts checks the units',
  },
  {
    page: 'docs/scale.md',
    begins: 'npm run scale',
    because: 'it takes minutes; test/long/scale.test.ts runs the same with fewer workers',
  },
  {
    page: 'docs/dashboard.md',
    begins: 'cutover up',
    because: 'README.md runs it; test/operator/dashboard-upgrade.test.ts opens the page',
  },
  {
    page: 'docs/containers.md',
    begins: 'docker build',
    because: 'it needs an engine; test/operator/image.test.ts builds the image and runs every role',
  },
  {
    page: 'docs/several-hosts.md',
    begins: 'sudo useradd',
    because: 'it needs root and systemd; test/system/systemd.test.ts checks the units',
  },
  {
    page: 'docs/several-hosts.md',
    begins: 'export ETCDCTL_API=3',
    because: 'it needs three hosts with etcd',
  },
  {
    page: 'docs/several-hosts.md',
    begins: 'sudo systemctl enable --now cutover-control',
    because: 'it needs root and systemd; test/system/systemd.test.ts checks the units',
  },
  {
    page: 'docs/several-hosts.md',
    begins: 'kubectl apply',
    because: 'it needs a cluster; test/docs/several-hosts.test.ts checks the manifests',
  },
  {
    page: 'docs/several-hosts.md',
    begins: 'sudo systemctl restart cutover-control',
    because:
      'it needs root and systemd; test/long/rolling-restart.test.ts restarts the same roles in the same order',
  },
  { page: 'docs/tutorial.md', begins: 'npm ci', because: 'it installs; the run began with it' },
  {
    page: 'docs/security.md',
    begins: 'cutover keygen',
    because: 'it writes to /etc; test/unit/security/key-file.test.ts makes keys elsewhere',
  },
  { page: 'docs/performance.md', begins: 'npm run bench', because: 'it takes hours' },
  { page: 'docs/performance.md', begins: 'apt-get install', because: 'it needs root' },
  { page: 'docs/reliability.md', begins: 'npm test', because: 'it takes hours' },
];
