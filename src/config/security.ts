import { z } from 'zod';
import { deviceAddress, isBeyondLoopback } from './address.js';
import { problem, type Problem } from './problems.js';
import { eachOnce, evenIfWrong, flag, isObject, section, text } from './values.js';

/** The keys of the links between frontends, workers and control, and which of them may do without. */

const PUBLIC_KEYS = 'a list of 1 to 256 public keys';
const MOST_KEYS = 256;

const publicKeys = (whose: string) =>
  z
    .array(
      text(
        'a public key of 40 characters, as `cutover keygen` prints it',
        /^[0-9A-Za-z.:+=^!/*?&<>()[\]{}@%$#-]{40}$/,
      ),
      { error: PUBLIC_KEYS },
    )
    .min(1, { error: PUBLIC_KEYS })
    .max(MOST_KEYS, { error: PUBLIC_KEYS })
    .superRefine(eachOnce(String, 'each key once'))
    .optional()
    .meta({
      expected: PUBLIC_KEYS,
      description: `those that are believed to be ${whose}; default: the public key in \`key\` alone`,
    });

interface Section {
  readonly key?: string | undefined;
  readonly insecure: boolean;
  readonly frontends?: unknown;
  readonly workers?: unknown;
  readonly control?: unknown;
}

const roles = ['frontends', 'workers', 'control'] as const;

export const security = section({
  key: text('the path of a file', /./)
    .optional()
    .describe(
      'a file of `cutover keygen` (mode 600): with it every `tcp://` link is encrypted, and nobody is ' +
        'talked to whose key is not believed; the same file everywhere, or one for each process with ' +
        'the lists below',
    ),
  frontends: publicKeys('frontends'),
  workers: publicKeys('workers'),
  control: publicKeys('control'),
  insecure: flag()
    .default(false)
    .describe(
      'without keys: `tcp://` addresses beyond loopback are allowed all the same; whoever reaches them ' +
        'reads everything, and can be a worker',
    ),
})
  .superRefine(
    (value: Section, context) => {
      const { key, insecure } = value;
      if (key !== undefined) {
        if (!insecure) return;
        const message = 'false beside security.key';
        context.addIssue({ code: 'custom', path: ['insecure'], message });
        return;
      }
      for (const role of roles.filter(each => value[each] !== undefined)) {
        const message = 'security.key beside it';
        context.addIssue({ code: 'custom', path: [role], message });
      }
    },
    { when: evenIfWrong },
  )
  .prefault({})
  .describe('what protects the links between frontends, workers and control over `tcp://`');

const PROTECTED = 'an address of this machine alone, security.key, or "insecure": true in security';

interface Links {
  readonly device: { readonly frontends: readonly unknown[]; readonly control?: unknown };
  readonly security: Section;
}

/** A rule over the whole file: what leaves the machine is protected, or said to be unprotected. */
export function protectedLinks(value: unknown, context: z.core.$RefinementCtx): void {
  const { device, security: given } = value as Links;
  const add = (address: unknown, ...path: (string | number)[]) => {
    const { data } = deviceAddress().safeParse(address);
    if (data === undefined || isProtected(data, given)) return; // what is no address is told of elsewhere
    context.addIssue({ code: 'custom', path, message: PROTECTED });
  };
  device.frontends.forEach((address, at) => add(address, 'device', 'frontends', at));
  const { control } = device;
  if (Array.isArray(control)) control.forEach((each, at) => add(each, 'device', 'control', at));
  else add(control, 'device', 'control');
}

/** It is asked where other options are wrong, too, but for the two sections that it is about. */
export const evenIfOthersWrong = ({ value }: { readonly value: unknown }): boolean =>
  isObject(value) &&
  isObject(value['device']) &&
  Array.isArray(value['device']['frontends']) &&
  isObject(value['security']);

/** The same rule for an address of the command line. */
export function unprotected(
  option: string,
  address: string,
  config: { readonly security: Section },
): Problem | undefined {
  if (isProtected(address, config.security)) return undefined;
  return problem(option, PROTECTED, JSON.stringify(address));
}

/** Whether a link may lead there. */
export const isProtected = (
  address: string,
  { key, insecure }: Pick<Section, 'key' | 'insecure'>,
): boolean => !isBeyondLoopback(address) || key !== undefined || insecure;
