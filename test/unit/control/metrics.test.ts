import { expect } from 'chai';
import {
  exposition,
  MOST_MEASURED,
  type Measured,
  type MeasuredVersion,
} from '../../../src/control/metrics.js';
import { share } from '../../../src/kernel/ids.js';

const version = (about: Partial<MeasuredVersion>): MeasuredVersion => ({
  id: 'aaaa',
  version: '1.0',
  state: 'complete',
  mode: 'INSTANT',
  progress: undefined,
  exchanges: { ok: 1000, failed: 3, different: 0 },
  rescues: 2,
  sessions: undefined,
  verdict: undefined,
  ...about,
});

const measured = (versions: readonly MeasuredVersion[]): Measured => ({
  edition: 7,
  followers: { worker: 2, frontend: 1 },
  versions,
});

/** name{labels} → value, as a scraper reads it. */
function samplesIn(text: string): Map<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

describe('the metrics', () => {
  it('are written as the text format wants them', () => {
    expect(exposition({ ...measured([]), followers: { worker: 2, frontend: 1 } })).to.equal(
      [
        '# HELP cutover_table_edition Edition of the routing table.',
        '# TYPE cutover_table_edition gauge',
        'cutover_table_edition 7',
        '# HELP cutover_followers Processes that follow the routing table.',
        '# TYPE cutover_followers gauge',
        'cutover_followers{role="worker"} 2',
        'cutover_followers{role="frontend"} 1',
        '',
      ].join('\n'),
    );
  });

  it('tell all of a version under way', () => {
    const newer = version({
      id: 'b',
      version: '2.0',
      state: 'running',
      mode: 'GRADUAL',
      progress: share(0.125),
      sessions: 37,
      verdict: 'healthy',
    });
    const samples = samplesIn(exposition(measured([newer])));
    const of = 'version="2.0",id="b"';
    expect(Object.fromEntries(samples)).to.deep.equal({
      cutover_table_edition: 7,
      'cutover_followers{role="worker"}': 2,
      'cutover_followers{role="frontend"}': 1,
      [`cutover_version_info{${of},state="running",mode="GRADUAL"}`]: 1,
      [`cutover_upgrade_progress_ratio{${of}}`]: 0.125,
      [`cutover_exchanges_total{${of},outcome="ok"}`]: 1000,
      [`cutover_exchanges_total{${of},outcome="failed"}`]: 3,
      [`cutover_exchanges_total{${of},outcome="different"}`]: 0,
      [`cutover_rescues_total{${of}}`]: 2,
      [`cutover_sessions{${of}}`]: 37,
      [`cutover_verdict{${of},verdict="healthy"}`]: 1,
      [`cutover_verdict{${of},verdict="inconclusive"}`]: 0,
      [`cutover_verdict{${of},verdict="unhealthy"}`]: 0,
    });
  });

  it('say nothing of what is not known, and name each kind once, whatever the versions', () => {
    const text = exposition(measured([version({}), version({ id: 'b' })]));
    expect(text).not.to.match(/progress|sessions|verdict/);
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('have no two series with the same labels where two versions have one number', () => {
    const text = exposition(measured([version({ id: 'a' }), version({ id: 'b' })]));
    const lines = text.split('\n').filter(line => line.startsWith('cutover_rescues_total'));
    expect(lines).to.deep.equal([
      'cutover_rescues_total{version="1.0",id="a"} 2',
      'cutover_rescues_total{version="1.0",id="b"} 2',
    ]);
  });

  it('let no label break out of its quotes', () => {
    const text = exposition(measured([version({ id: 'a"} 1\n\\', rescues: 5 })]));
    expect(text).to.contain('cutover_rescues_total{version="1.0",id="a\\"} 1\\n\\\\"} 5\n');
  });

  it('are bounded: of the newest versions only', () => {
    const many = Array.from({ length: MOST_MEASURED + 1 }, (_, n) => version({ id: `v${n}` }));
    const text = exposition(measured(many));
    expect([...text.matchAll(/^cutover_version_info/gm)]).to.have.length(MOST_MEASURED);
    expect(text).to.contain('id="v0"').and.not.to.contain(`id="v${MOST_MEASURED}"`);
  });
});
