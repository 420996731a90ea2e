/** What is going on, in plain words: the first thing that the page says, and what it says aloud. */
import type { Live, LiveUpgrade, LiveVersion } from '../../../src/control/live.js';
import { percent } from './format.js';
import { DOUBTFUL, signalNames, strongest } from './strength.js';

export interface Story {
  /** Whether it goes on, waits for something, was taken back, or is over. */
  readonly kind: 'still' | 'advances' | 'waits' | 'back' | 'done';
  readonly headline: string;
  /** Why. */
  readonly because: string;
}

/** `live.upgrade` may have ended: what became of it is in its version's state, if that is still there. */
export function storyOf(live: Live): Story {
  const { upgrade, versions } = live;
  const version = versions.find(({ id }) => id === upgrade?.id);
  if (upgrade === undefined || version === undefined) return stillness(live);
  const to = upgrade.version;
  switch (version.state) {
    case 'running':
      return underWay(upgrade, version);
    case 'paused':
      return {
        kind: 'waits',
        headline: `Version ${to} is paused${shareOf(version)}.`,
        because: sentence(version.because ?? 'Somebody paused it: nobody new moves to it'),
      };
    case 'superseded':
      return {
        kind: 'waits',
        headline: `Version ${to} waits.`,
        because: 'A newer version decides who is served by whom.',
      };
    case 'demoted':
      return {
        kind: 'back',
        headline: `Version ${to} was taken back${goneTo(upgrade)}.`,
        because: sentence(version.because ?? upgrade.why?.because ?? 'Its verdict was unhealthy'),
      };
    case 'aborted':
      return {
        kind: 'back',
        headline: `Version ${to} was aborted${goneTo(upgrade)}.`,
        because: 'Somebody ended its upgrade: it serves nobody.',
      };
    case 'complete':
      return {
        kind: 'done',
        headline: `The upgrade to version ${to} is complete.`,
        because: ended(upgrade),
      };
  }
}

function stillness({ versions }: Live): Story {
  const serving = versions.find(({ state }) => state !== 'aborted' && state !== 'demoted');
  return {
    kind: 'still',
    headline: 'No upgrade is under way.',
    because:
      serving === undefined
        ? 'There is no version that may serve.'
        : `Version ${serving.version} serves everybody.`,
  };
}

/** Which verb or verdict completed it. */
function ended({ events, why }: LiveUpgrade): string {
  const last = events.findLast(({ what }) => what === 'completed' || what === 'promoted');
  if (last?.what === 'promoted') return 'Somebody promoted it: it serves everybody.';
  return why === undefined ? 'Nobody is left to move.' : `Nobody is left to move: ${why.because}.`;
}

function underWay(upgrade: LiveUpgrade, version: LiveVersion): Story {
  const { why, version: to } = upgrade;
  const evidence = why === undefined ? 'nothing has been seen of it yet' : why.because;
  if (why?.verdict === 'unhealthy') {
    return {
      kind: 'waits',
      headline: `Version ${to} is unhealthy${shareOf(version)}.`,
      because: sentence(evidence),
    };
  }
  const worst = why === undefined ? undefined : strongest(why);
  if (version.progress !== undefined && isHeld(upgrade) && worst !== undefined) {
    return {
      kind: 'waits',
      headline: `Version ${to} waits${shareOf(version)}.`,
      because: `Nobody more moves while there is doubt (${signalNames[worst.signal].toLowerCase()}): ${evidence}.`,
    };
  }
  return { kind: 'advances', headline: advancing(upgrade, version), because: sentence(evidence) };
}

function advancing({ version: to, stable }: LiveUpgrade, version: LiveVersion): string {
  const { upgradeTransition, progress } = version;
  switch (upgradeTransition.mode) {
    case 'INSTANT':
      return `Version ${to} serves every request, and is watched.`;
    case 'SESSION':
      return `Version ${to} serves every new session; sessions that began before stay where they are.`;
    case 'GRADUAL':
      return progress === undefined
        ? `Version ${to} is getting new sessions.`
        : `Version ${to} advances: it gets ${percent(progress)} of new sessions.`;
    case 'CONCURRENT':
      return `Version ${to} answers beside ${stable?.version ?? 'the older one'}; its answers are used where both agree.`;
  }
}

/** Doubt is there, and the share has stood still while requests came. */
function isHeld({ points }: LiveUpgrade): boolean {
  const [before, last] = [points.at(-3), points.at(-1)];
  return (
    before !== undefined &&
    last !== undefined &&
    last.strength >= DOUBTFUL &&
    last.share === before.share
  );
}

const shareOf = ({ progress }: LiveVersion): string =>
  progress === undefined ? '' : ` at ${percent(progress)} of new sessions`;

const goneTo = ({ stable }: LiveUpgrade): string =>
  stable === undefined ? '' : `: ${stable.version} serves again`;

/** Control's reasons are parts of a sentence. */
function sentence(text: string): string {
  const [first = '', ...rest] = text;
  return `${first.toUpperCase()}${rest.join('')}.`.replace(/\.\.$/, '.');
}

/** What is said aloud when it has changed; undefined: nothing that matters has. */
export function announcement(before: Live | undefined, now: Live): string | undefined {
  if (before === undefined) return undefined;
  const said = now.versions.flatMap(version => {
    const former = before.versions.find(({ id }) => id === version.id);
    if (former === undefined) return [`Version ${version.version} was added.`];
    if (former.state !== version.state) {
      const because = version.because === undefined ? '' : `: ${version.because}`;
      return [`Version ${version.version} is ${version.state} now${because}.`];
    }
    if (former.verdict !== version.verdict && version.verdict !== undefined) {
      return [`The verdict on version ${version.version} is ${version.verdict}.`];
    }
    return [];
  });
  const gone = before.versions.filter(({ id }) => now.versions.every(other => other.id !== id));
  const all = [...said, ...gone.map(({ version }) => `Version ${version} was removed.`)];
  return all.length === 0 ? undefined : all.join(' ');
}
