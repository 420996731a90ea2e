import { expect } from 'chai';
import { ControlClient, OperatorError } from '../../../src/operator/control-client.js';
import type { ShownSpread, ShownVersion } from '../../../src/operator/shown-version.js';
import * as verbs from '../../../src/operator/verbs.js';
import { FakeClock } from '../support-clock.js';

const shown: ShownVersion = {
  id: 'aaaa-2',
  version: '2.0',
  servers: [],
  upgradeTransition: { mode: 'INSTANT' },
  state: 'running',
};

const tally = { exchanges: 1, failed: 0, failedBy: {}, different: 0, repeats: 0 };
const known = {
  ...{ id: 'aaaa-2', version: '2.0', verdict: 'healthy', because: 'no worse' },
  ...{ since: '2026-01-01T00:00:00.000Z', until: '2026-01-01T00:01:00.000Z' },
  ...{ newer: tally, stable: tally, typical: tally, evidence: {}, examples: {} },
};
const event = { at: known.since, id: 'aaaa-2', version: '2.0', what: 'added', edition: 2 };

/** A control that knows one version, which is `last` when it is looked at. */
class FakeControl extends ControlClient {
  readonly asked: string[] = [];
  listed: readonly ShownVersion[] = [shown];
  readonly #last: Partial<ShownVersion> | OperatorError;

  constructor(last: Partial<ShownVersion> | OperatorError = {}) {
    super({ url: 'http://127.0.0.1:1', token: undefined });
    this.#last = last;
  }

  where: ShownSpread = { edition: 1 };
  override spread = () => Promise.resolve(this.where);
  override versions = () => Promise.resolve(this.listed);
  override version = () =>
    this.#last instanceof OperatorError
      ? Promise.reject(this.#last)
      : Promise.resolve({ ...shown, ...this.#last });
  override deploy = (cluster: unknown) => this.#note('deploy', cluster, 'aaaa-2');
  override remove = (id: string) => this.#note('remove', id, undefined);
  override tell = (id: string, verb: string) => this.#note(verb, id, undefined);
  override why = (id: string) => this.#note('why', id, known);
  override events = () => Promise.resolve([event]);
  override rotateKeys = () => this.#note('rotate', '', 7);

  #note<Answer>(what: string, about: unknown, answer: Answer): Promise<Answer> {
    this.asked.push(`${what} ${JSON.stringify(about)}`);
    return Promise.resolve(answer);
  }
}

const silent = { write: () => true };
const forPeople = { json: false, terminal: silent };
const forMachines = { json: true, terminal: silent };

const stable: ShownVersion = { ...shown, id: 'bbbb-1', version: '10.0', state: 'complete' };
const older: ShownVersion = { ...shown, state: 'complete' };
const USELESS = '2.0 is older than 10.0, which is stable: it is only there to fall back on';

describe('the verbs of the operator', () => {
  it('find the version by its number and say what was done', async () => {
    const control = new FakeControl();
    const name = '2.0';
    const said = [
      await verbs.tell(control, { verb: 'pause', name }, forPeople),
      await verbs.remove(control, name, forPeople),
      await verbs.tell(control, { verb: 'abort', name }, forMachines),
    ];
    expect(said).to.deep.equal(['aaaa-2 paused\n', 'aaaa-2 removed\n', '{"id":"aaaa-2"}\n']);
    expect(control.asked).to.deep.equal(['pause "aaaa-2"', 'remove "aaaa-2"', 'abort "aaaa-2"']);
  });

  it('deploy what stands in a cluster, or is one', async () => {
    const control = new FakeControl();
    expect(await verbs.deploy(control, { version: '2.0' }, forPeople)).to.equal('aaaa-2 added\n');
    await verbs.deploy(control, { cluster: { version: '2.0' } }, forPeople);
    await verbs.deploy(control, null, forPeople);
    const deployed = 'deploy {"version":"2.0"}';
    expect(control.asked).to.deep.equal([deployed, deployed, 'deploy null']);
  });

  for (const { listed, says } of [
    { listed: [stable, older], says: `${USELESS}\n` },
    {
      listed: [shown, { ...shown, id: 'cccc-3', version: '2' }],
      says: '2 is there already: cccc-3, running\n',
    },
    { listed: [older, { ...stable, version: '1.0' }], says: '' },
    { listed: [], says: '' },
  ]) {
    it(`deploy, and say beside it: ${says.trimEnd() || 'nothing'}`, async () => {
      const control = new FakeControl();
      control.listed = listed;
      let said = '';
      const terminal = { write: (text: string) => (said += text) };
      const cluster = { version: '2.0' };
      const printed = await verbs.deploy(control, cluster, { json: false, terminal });
      expect({ printed, said }).to.deep.equal({ printed: 'aaaa-2 added\n', said: says });
    });
  }

  it('know a cluster that does not say which version it is', () => {
    const found = [{}, { cluster: {} }, { version: '1' }, { cluster: { version: 1 } }, null, 7];
    expect(found.map(verbs.lacksVersion)).to.deep.equal([true, true, false, false, false, false]);
  });

  it('speak JSON to machines and in tables to people', async () => {
    const control = new FakeControl();
    expect(JSON.parse(await verbs.status(control, forMachines))).to.deep.equal([shown]);
    expect(await verbs.status(control, forPeople))
      .to.contain('STRATEGY')
      .and.not.contain('leads');
    control.where = { edition: 1, leader: 'b', controls: ['a', 'b'] };
    expect(await verbs.status(control, forPeople)).to.contain('\nb leads; controls: a, b\n');
    control.where = { edition: 1, controls: ['a'], away: 'etcd cannot be used: why' };
    expect(await verbs.status(control, forPeople)).to.contain(
      '\nnobody can tell who leads; controls: a\nnothing can be changed: etcd cannot be used: why\n',
    );
    expect(JSON.parse(await verbs.events(control, forMachines))).to.deep.equal([event]);
    expect(await verbs.events(control, forPeople)).to.contain('added');
    expect(JSON.parse(await verbs.why(control, '2.0', forMachines))).to.deep.equal(known);
    expect(await verbs.why(control, 'aaaa', forPeople)).to.contain('is healthy: no worse');
  });

  it('rotate the keys', async () => {
    const control = new FakeControl();
    expect(JSON.parse(await verbs.rotateKeys(control, forMachines))).to.deep.equal({ edition: 7 });
    expect(await verbs.rotateKeys(control, forPeople)).to.contain('session keys rotated');
  });
});

async function deployed(
  last: Partial<ShownVersion> | OperatorError,
  json: boolean,
  listed: readonly ShownVersion[] = [shown],
) {
  let printed = '';
  let error: unknown;
  const patience = {
    timeout: 0, // one look
    clock: new FakeClock(),
    terminal: { write: () => true },
    print: (text: string) => (printed += text),
  };
  try {
    const control = new FakeControl(last);
    control.listed = listed;
    await verbs.deployAndWait(control, {}, { json, ...patience });
  } catch (cause) {
    error = cause;
  }
  const message = error instanceof OperatorError ? error.message : error;
  return { printed, message };
}

describe('deploy with a wait', () => {
  const hint = '\n  cutover why aaaa-2 tells more';
  const rows = [
    { last: { state: 'complete' }, ended: 'good', says: 'complete', message: undefined },
    { last: { verdict: 'healthy' }, ended: 'good', says: 'healthy', message: undefined },
    {
      last: { state: 'demoted', because: 'slow' },
      ended: 'bad',
      says: 'demoted: slow',
      message: `aaaa-2 is demoted: slow${hint}`,
    },
    {
      last: {},
      ended: 'late',
      says: 'still running after 0 s, and left so',
      message: `aaaa-2 is still running after 0 s, and left so${hint}`,
    },
    {
      last: new OperatorError('no such version', 'unknown'),
      ended: 'gone',
      says: 'removed',
      message: 'aaaa-2 is removed', // of which nothing can be asked
    },
  ];
  for (const { last, ended, says, message } of rows) {
    it(`tells people the id at once, and how it ended: ${says}`, async () => {
      const result = await deployed(last, false);
      const end = message === undefined ? `aaaa-2 is ${says}\n` : '';
      expect(result).to.deep.equal({ printed: `aaaa-2 added\n${end}`, message });
    });

    it(`tells machines one value, how it ended: ${says}`, async () => {
      const result = await deployed(last, true);
      expect(JSON.parse(result.printed)).to.deep.equal({ id: 'aaaa-2', ended, because: says });
      expect(result.message).to.equal(message);
    });
  }

  it('fails for a version that nobody will move to, though it is complete', async () => {
    const listed = [stable, older];
    const toPeople = await deployed({ state: 'complete' }, false, listed);
    expect(toPeople).to.deep.equal({ printed: 'aaaa-2 added\n', message: USELESS });
    const { printed } = await deployed({ state: 'complete' }, true, listed);
    const told = { id: 'aaaa-2', ended: 'useless', because: USELESS };
    expect(JSON.parse(printed)).to.deep.equal(told);
  });

  it('fails at once, without a wait, where waiting does not help', async () => {
    const { message } = await deployed(new OperatorError('a bearer token is needed'), false);
    expect(message).to.equal('a bearer token is needed');
  });
});
