import { expect } from 'chai';
import {
  fallbackOf,
  hintOf,
  possibleVerbs,
  questionOf,
  verbsIn,
  type Verb,
} from '../../../dashboard/src/pure/possible.js';
import type { LiveVersion } from '../../../src/control/live.js';
import { transitions, type StateName } from '../../../src/versions/version-state.js';
import { moving, upgrade, version, why } from '../../operator/support/live-states.js';

const buttons = ['promote', 'pause', 'resume', 'abort'] as const;
const states = Object.keys(transitions) as StateName[];

describe('what can be done to a version', () => {
  it('is what control’s own table of states lets happen', () => {
    for (const state of states) {
      const allowed = buttons.filter(verb => verb in transitions[state]);
      expect(verbsIn[state], state).to.have.members(allowed);
    }
  });

  it('is for a superseded version what is possible in both states that it may be in', () => {
    const both = buttons.filter(verb => verb in transitions.running && verb in transitions.paused);
    expect(verbsIn.superseded).to.have.members(both);
  });

  it('takes away no version without another one that may serve', () => {
    const alone = version();
    expect(possibleVerbs(alone, { versions: [alone] })).to.deep.equal([]);
    const failed = moving({ state: 'demoted' });
    expect(possibleVerbs(alone, { versions: [failed, alone] })).to.deep.equal([]);
    expect(possibleVerbs(failed, { versions: [failed, alone] })).to.deep.equal([
      'resume',
      'abort',
      'remove',
    ]);
    const running = moving();
    expect(possibleVerbs(alone, { versions: [running, alone] })).to.deep.equal(['remove']);
    const lonely = moving();
    expect(possibleVerbs(lonely, { versions: [lonely] })).to.deep.equal(['promote', 'pause']);
  });

  it('is not to remove what comes from labels: it goes with its containers, and that is said', () => {
    const [labelled, started, alone] = [
      moving({ owner: 'labels' }),
      moving({ owner: 'containers' }),
      version({ owner: 'labels' }),
    ];
    const among = (one: LiveVersion) => ({ versions: [one, version()] });
    expect(possibleVerbs(labelled, among(labelled))).to.deep.equal(['promote', 'pause', 'abort']);
    expect(hintOf(labelled, among(labelled))).to.match(/removed when its containers are stopped/);
    expect(possibleVerbs(started, among(started))).to.include('remove');
    expect(hintOf(started, among(started))).to.equal(undefined);
    expect(hintOf(moving(), among(moving()))).to.equal(undefined);
    expect(hintOf(alone, { versions: [alone] })).to.equal(undefined); // the last one stays
  });

  it('hands users to the next older version that may serve, else to the newest', () => {
    const [newest, failed, oldest] = [
      moving({ id: 'c', version: '3.0' }),
      moving({ id: 'b', version: '2.0', state: 'aborted' }),
      version({ id: 'a' }),
    ];
    const versions = [newest, failed, oldest];
    expect(fallbackOf(newest, { versions })?.version).to.equal('1.0');
    expect(fallbackOf(oldest, { versions })?.version).to.equal('3.0');
  });
});

describe('what is asked first', () => {
  const asks = (verb: Verb, about: LiveVersion) =>
    questionOf(verb, about, { versions: [about, version()], upgrade: upgrade() });

  it('is nothing where the next click undoes it', () => {
    expect(asks('pause', moving())).to.equal(undefined);
    expect(asks('resume', moving({ state: 'paused' }))).to.equal(undefined);
    expect(asks('abort', moving({ state: 'demoted' }))).to.equal(undefined);
  });

  it('names the version, says who serves afterwards, and whether it can be undone', () => {
    const [promote, abort, remove] = (['promote', 'abort', 'remove'] as const).map(verb =>
      asks(verb, moving()),
    );
    expect(promote?.title).to.equal('Promote version 2.0?');
    expect(promote?.says.join(' ')).to.match(/cannot be aborted any more.*remove 2\.0/);
    expect(promote?.isFinal).to.equal(true);
    expect(abort?.says.join(' ')).to.match(/Everybody goes back to 1\.0/);
    expect(abort?.isFinal).to.equal(false);
    expect(remove?.says.join(' ')).to.match(/Its 1,204 sessions go on with 1\.0.*cannot be undone/);
    expect(remove?.says.join(' ')).to.match(/2 servers are not stopped/);
    expect(remove?.confirm).to.equal('Remove 2.0');
    expect(remove?.isFinal).to.equal(true);
  });

  it('says what becomes of the containers of a version', () => {
    const remove = asks('remove', moving({ owner: 'containers' }))?.says.join(' ');
    expect(remove).to.match(/Its 2 containers are stopped and removed after the drain\./);
    expect(remove).to.not.match(/not stopped/);
    const [server] = moving().servers;
    const one = asks('remove', moving({ owner: 'containers', servers: [server!] }));
    expect(one?.says.join(' ')).to.match(/Its container is stopped and removed after the drain\./);
    const promote = asks('promote', moving({ owner: 'labels' }))?.says.join(' ');
    expect(promote).to.match(/To go back, stop the containers of 2\.0\./);
  });

  it('repeats a verdict that is against promoting', () => {
    const because = 'it fails more often: 3 of 20';
    const live = { versions: [], upgrade: upgrade({ why: why({ because }) }) };
    const doubtful = questionOf('promote', moving({ verdict: 'unhealthy' }), live);
    expect(doubtful?.says).to.include(`Its verdict is unhealthy: ${because}.`);
    const well = questionOf('promote', moving({ verdict: 'healthy' }), live);
    expect(well?.says.join(' ')).to.not.match(/verdict/);
  });

  it('warns that what was taken back begins anew, and repeats why it was', () => {
    const asked = asks('resume', moving({ state: 'demoted', because: 'it answers more slowly' }));
    expect(asked?.says.join(' ')).to.match(
      /because it answers more slowly\. Its upgrade begins anew/,
    );
  });
});
