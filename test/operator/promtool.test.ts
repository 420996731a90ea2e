/** What Prometheus' own tool says of our metrics, alerts and scrape configuration (Debian's `prometheus`). */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { counting, httpContainer } from '../support/containers.js';
import { Load } from '../support/load.js';
import { stageForEach } from '../support/stage.js';
import { itWith } from '../support/tools.js';
import { upgradable } from '../support/upgradable.js';
import { metricsOf } from '../support/metrics.js';
import { eventually } from '../support/within.js';
import { sumOf } from '../support/exposition.js';

const examples = fileURLToPath(new URL('../../../examples/prometheus', import.meta.url));
const run = promisify(execFile);

/** Promtool's opinion of metrics that it reads on standard input. */
async function opinionOf(text: string): Promise<{ code: number | null; said: string }> {
  const tool = spawn('promtool', ['check', 'metrics']);
  let said = '';
  for (const stream of [tool.stdout, tool.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  }
  tool.stdin.end(text);
  const [code] = (await once(tool, 'close')) as [number | null];
  return { code, said };
}

describe('promtool', function () {
  this.timeout(60_000);
  const stage = stageForEach();

  itWith('promtool', 'accepts the alerts', async () => {
    const { stdout } = await run('promtool', ['check', 'rules', 'alerts.yml'], { cwd: examples });
    expect(stdout).to.match(/SUCCESS: \d{2} rules found/);
  });

  itWith('promtool', 'accepts the scrape configuration', async () => {
    const { stdout } = await run('promtool', ['check', 'config', 'prometheus.yml'], {
      cwd: examples,
    });
    expect(stdout).to.contain('SUCCESS');
  });

  itWith('promtool', 'finds nothing to say of the metrics of a running system', async () => {
    const container = (name: string) => httpContainer(stage, counting({ name }).listener);
    const at = await upgradable(stage, [await container('v1')]);
    await at.api.upgrade('2.0', [await container('v2')], { mode: 'CONCURRENT' });
    await Load.start(stage, { port: at.port, clients: 4, requests: 200 }).finished();
    await eventually('all has been told', async () => {
      const { families } = await metricsOf(at.api);
      return sumOf(families, 'cutover_client_requests_total') === 200;
    });
    const { text } = await metricsOf(at.api);
    expect(await opinionOf(text)).to.deep.equal({ code: 0, said: '' });
  });

  itWith('promtool', 'would have something to say', async () => {
    const { code, said } = await opinionOf('# TYPE requests counter\nrequests 1\n');
    expect(code).not.to.equal(0);
    expect(said).to.contain('_total');
  });
});
