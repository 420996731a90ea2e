import { z } from 'zod';
import type { DeepReadonly } from '../kernel/deep-readonly.js';
import { isNonEmpty, type NonEmpty } from '../kernel/non-empty.js';
import { addressed, type HostPort } from './address.js';
import { eachOnce, evenIfWrong, isObject, port, seconds, section, text, zone } from './values.js';

/** One cluster: in the configuration file, and in the body of `PUT /configuration/cluster`. */

const server = addressed({
  port: port().describe('TCP port of the server'),
  zone: zone()
    .optional()
    .describe('where it stands: workers whose place.zone is the same ask it first'),
});

/** More than any cluster has: every worker checks each of them in every routing table. */
export const MOST_SERVERS = 256;
export const SERVERS = `a list of 1 to ${MOST_SERVERS} servers`;

const servers = z
  .array(server, { error: SERVERS })
  .min(1, { error: SERVERS })
  .max(MOST_SERVERS, { error: SERVERS, abort: true })
  .superRefine(eachOnce(addressIn, 'each server once'))
  .transform(list => nonEmpty(list))
  .meta({ expected: SERVERS, description: 'the servers that run this version' });

/** Whatever is comparable: where an item has another fault it arrives here as it was given. */
function addressIn(item: unknown): string {
  if (!isObject(item)) return JSON.stringify(item);
  return JSON.stringify([item['host'] ?? item['ip'] ?? item['hostname'], item['port']]);
}

function nonEmpty<Item>(list: readonly Item[]): NonEmpty<Item> {
  if (isNonEmpty(list)) return list;
  throw new TypeError('the schema lets no empty list through');
}

const DOTTED = 'dotted numbers in quotes, such as "1.10", or a whole number';

/** As text, wherever there is no JSON number to be written by mistake. */
export const dottedVersion = z.string({ error: DOTTED }).regex(/^\d+(\.\d+)*$/, { error: DOTTED });

// The JSON number 1.10 arrives as 1.1: only whole ones are what their writer meant.
const version = z
  .union([dottedVersion, z.int({ error: DOTTED }).min(0, { error: DOTTED })], { error: DOTTED })
  .default('0.0')
  .transform(String)
  .meta({ expected: DOTTED, description: 'the version that these servers run' });

const sessionTimeout = () =>
  seconds().describe('a client that pauses for longer begins a new session');

const step = z
  .number({ error: 'a percentage above 0, up to 100' })
  .positive({ error: 'a percentage above 0, up to 100' })
  .max(100, { error: 'a percentage above 0, up to 100' })
  .meta({
    expected: 'a percentage above 0, up to 100',
    description: 'GRADUAL: how much every request adds to the share of new sessions',
  });

const span = text('a number with s, m, h or d, such as "14d"', /^[1-9]\d{0,8}[smhd]$/).describe(
  'GRADUAL: how long it takes until every new session is served by the new version',
);

const STEPS = 'ascending percentages, each above 0 and up to 100';

const steps = z
  .array(step, { error: STEPS })
  .min(1, { error: STEPS })
  .max(100, { error: STEPS })
  .refine(list => list.every((each, at) => at === 0 || each > (list[at - 1] ?? 0)), {
    error: STEPS,
  })
  .meta({
    expected: STEPS,
    description:
      'GRADUAL: the share rests at each of these until the pace has reached the next; 100 is the last',
  });

const gradual = section({
  mode: z.literal('GRADUAL'),
  sessionTimeout: sessionTimeout().optional(),
  percentageTransitionPerRequest: step.optional(),
  duration: span.optional(),
  steps: steps.optional(),
}).refine(
  ({ percentageTransitionPerRequest, duration }) =>
    (percentageTransitionPerRequest === undefined) !== (duration === undefined),
  { error: 'either percentageTransitionPerRequest or duration', when: evenIfWrong },
);

/** RFC 9110 §9.1: methods are case-sensitive tokens. */
const METHODS = 'a list of methods that change state, such as "POST"';

const methods = z
  .array(text('the name of a method, such as "POST"', /^[A-Z]{1,32}$/), { error: METHODS })
  .max(16, { error: METHODS })
  .meta({
    expected: METHODS,
    description:
      'CONCURRENT: these go to both versions as well, although each then does them once; only where ' +
      'that does no harm',
  });

const concurrent = section({
  mode: z.literal('CONCURRENT'),
  sessionTimeout: sessionTimeout().optional(),
  methods: methods.optional(),
  promote: z.literal('healthy', { error: '"healthy"' }).optional().meta({
    expected: '"healthy"',
    description:
      'CONCURRENT: promote by itself once the verdict is healthy; without it, by hand only',
  }),
});

const MODES = 'INSTANT, SESSION, GRADUAL or CONCURRENT';

const upgradeTransition = z
  .discriminatedUnion(
    'mode',
    [
      section({ mode: z.literal('INSTANT'), sessionTimeout: sessionTimeout().optional() }),
      section({ mode: z.literal('SESSION'), sessionTimeout: sessionTimeout() }),
      gradual,
      concurrent,
    ],
    { error: ({ input }) => (isObject(input) ? MODES : 'an object') },
  )
  .default({ mode: 'INSTANT' })
  .meta({
    expected: `an object whose mode is ${MODES}`,
    description: 'how users move to this version from the one before',
  });

export const cluster = section({ servers, version, upgradeTransition });

export type UpgradeTransition = DeepReadonly<z.output<typeof upgradeTransition>>;
/** A server is told by its address; `zone` is what is known of it besides. */
export interface ServerAddress extends HostPort {
  readonly zone?: string | undefined;
}
export type StrategyName = UpgradeTransition['mode'];
