/** Containers → the clusters that they form: one for each version, and one for each that control started. */
import { isDeepStrictEqual } from 'node:util';
import { hostPort } from '../config/address.js';
import { MOST_SERVERS, type ServerAddress, type UpgradeTransition } from '../config/cluster.js';
import { versionId, type VersionId } from '../kernel/ids.js';
import type { Container } from './engine.js';
import { CLUSTER, isAnothers, labelledBy, OWNER, withoutOwner, type Labelled } from './labels.js';
import { placeOf, type Surroundings } from './place.js';
import type { Stage } from './stage.js';

/** Something that an operator ought to know, and what to do about it. Said once, until it changes. */
export interface Saying {
  /** A container's name, or a version. */
  readonly about: string;
  readonly says: string;
}

/** Of one cluster: what its containers amount to at this moment. */
export interface Members {
  /** Of those that are ready, in the order in which they were created. */
  readonly servers: readonly ServerAddress[];
  /** Names of those that are not, and have neither gone nor been told to. */
  readonly coming: readonly string[];
  /** Names of those that were told to end, and have not ended. */
  readonly leaving: readonly string[];
}

/** Containers that somebody else runs, of one version. */
export interface LabelledCluster extends Members {
  readonly number: string;
  readonly transition: UpgradeTransition;
}

export interface Groups {
  readonly labelled: readonly LabelledCluster[];
  /** Those that control started, by the id of their cluster. */
  readonly started: ReadonlyMap<VersionId, Members>;
  readonly sayings: readonly Saying[];
}

/** Of labels: more than anybody runs at a time, and every worker hears of each. */
const MOST_VERSIONS = 64;

/** `owner`: this Cutover's id; containers of others are theirs. */
export function grouped(
  containers: readonly Container[],
  about: {
    readonly owner: string;
    readonly around: Surroundings;
    readonly stageOf: (container: Container) => Stage;
  },
): Groups {
  const sayings: Saying[] = [];
  const say = (name: string, says: string) => void sayings.push({ about: name, says });
  const found = containers
    .toSorted((one, other) => (one.created < other.created ? -1 : 1))
    .filter(({ labels }) => !isAnothers(labels, about.owner))
    .flatMap(container => {
      const member = memberOf(container, about, say);
      return member === undefined ? [] : [member];
    });
  const labelled = byKey(found.filter(({ cluster }) => cluster === undefined));
  if (labelled.size > MOST_VERSIONS) {
    say(
      'containers',
      `their labels name more than ${MOST_VERSIONS} versions: the others are left out`,
    );
  }
  return {
    labelled: [...labelled.values()].slice(0, MOST_VERSIONS).map(all => labelledCluster(all, say)),
    started: new Map(
      [...byKey(found.filter(({ cluster }) => cluster !== undefined))].map(([id, all]) => [
        versionId(id),
        membersOf(all, say),
      ]),
    ),
    sayings,
  };
}

type Say = (about: string, says: string) => void;

interface Member {
  readonly name: string;
  readonly labelled: Labelled;
  /** Of one that control started. */
  readonly cluster: string | undefined;
  readonly stage: 'ready' | 'coming' | 'leaving';
  /** Where it is, if it is ready. */
  readonly server: ServerAddress | undefined;
}

/** Undefined: it counts for nothing. */
function memberOf(
  container: Container,
  { around, stageOf }: Parameters<typeof grouped>[1],
  say: Say,
): Member | undefined {
  const { name, labels } = container;
  const { [OWNER]: owner, [CLUSTER]: cluster } = labels;
  const stage = stageOf(container);
  if (stage === 'gone') return undefined;
  const read = labelledBy(withoutOwner(labels));
  if (!read.ok) {
    say(name, `left out: ${read.because}`);
    return undefined;
  }
  const { labelled } = read;
  const member = { name, labelled, stage, cluster: owner === undefined ? undefined : cluster };
  if (stage !== 'ready') return { ...member, server: undefined };
  const place = placeOf(container, labelled.port, around);
  const { zone } = labelled;
  if (place.ok)
    return { ...member, server: { ...place.server, ...(zone !== undefined && { zone }) } };
  say(name, `left out: ${place.because}`);
  return undefined;
}

function byKey(members: readonly Member[]): ReadonlyMap<string, readonly Member[]> {
  const found = new Map<string, Member[]>();
  for (const member of members) {
    const key = member.cluster ?? plain(member.labelled.version);
    const before = found.get(key);
    if (before === undefined) found.set(key, [member]);
    else before.push(member);
  }
  return found;
}

/** "1", "1.0" and "01.00" are equal versions (versions/version.ts). */
const plain = (version: string): string =>
  version
    .split('.')
    .map(digits => digits.replace(/^0+(?=\d)/, ''))
    .join('.')
    .replace(/(\.0)+$/, '');

/** The one that was created first says how users move to the version. */
function labelledCluster(members: readonly Member[], say: Say): LabelledCluster {
  const [first] = members;
  if (first === undefined) throw new TypeError('no group is without members');
  const { version: number, transition } = first.labelled;
  for (const { name, labelled } of members) {
    if (isDeepStrictEqual(labelled.transition, transition)) continue;
    say(
      name,
      `its labels say otherwise than those of ${first.name} how users move to ${number}: ${first.name} counts`,
    );
  }
  return { number, transition, ...membersOf(members, say) };
}

function membersOf(members: readonly Member[], say: Say): Members {
  const servers = new Map(
    members.flatMap(({ server }) => (server === undefined ? [] : [[hostPort(server), server]])),
  );
  if (servers.size > MOST_SERVERS) {
    say(
      members[0]?.labelled.version ?? '',
      `only ${MOST_SERVERS} of its ${servers.size} containers are used`,
    );
  }
  return {
    servers: [...servers.values()].slice(0, MOST_SERVERS),
    coming: namesOf(members, 'coming'),
    leaving: namesOf(members, 'leaving'),
  };
}

const namesOf = (members: readonly Member[], wanted: Stage): readonly string[] =>
  members.flatMap(({ name, stage }) => (stage === wanted ? [name] : []));
