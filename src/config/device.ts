import { z } from 'zod';
import { deviceAddress, tcpPlace } from './address.js';
import { bytes, eachOnce, evenIfWrong, host, seconds, section, text } from './values.js';

/** The links between frontends, workers and control: where they lead, and when they are given up. */

const ADDRESSES = 'a list of addresses';
const CONTROLS = 'an address, ipc://PATH or tcp://HOST:PORT, or a list of them';
const MOST_CONTROLS = 16;

const control = z
  .union(
    [
      deviceAddress(),
      z
        .array(deviceAddress(), { error: CONTROLS })
        .min(1, { error: CONTROLS })
        .max(MOST_CONTROLS, { error: CONTROLS })
        .superRefine(eachOnce(String, 'each address once')),
    ],
    { error: CONTROLS },
  )
  .optional()
  .meta({
    expected: CONTROLS,
    description:
      'where each control tells workers and frontends of versions: one process binds an address ' +
      '(the first, or --announce), the others connect to all; default: an address in the private ' +
      'folder of `cutover up`',
  });

/** A host, whose port is the one that was bound; or an address, where another one leads there. */
export const advertised = () =>
  text('HOST or tcp://HOST:PORT', /^[^\s*]+$/, value =>
    value.includes('/') ? tcpPlace(value) !== undefined : host().safeParse(value).success,
  );

export const device = section({
  frontends: z
    .array(deviceAddress(), { error: ADDRESSES })
    .superRefine(eachOnce(String, 'each address once'))
    .default([])
    .describe(
      'where the device of each frontend listens and workers connect; a name may stand for several, ' +
        'and is looked up again and again; empty: `cutover up` makes addresses in a private folder of ' +
        'its own',
    )
    .meta({ expected: ADDRESSES }),
  control,
  advertise: advertised()
    .optional()
    .describe(
      'where others reach this machine, for a frontend or control that registers itself in etcd; ' +
        'default: the address that it binds',
    ),
  heartbeat: seconds().default(1).describe('how often a peer shows that it is alive'),
  silence: seconds()
    .default(5)
    .describe('a peer not heard of for so long is lost; at least twice the heartbeat'),
  window: bytes().default(262_144).describe('bytes of a body in flight without credit'),
})
  .refine(({ heartbeat, silence }) => !(silence < 2 * heartbeat), {
    error: 'at least twice device.heartbeat',
    path: ['silence'],
    when: evenIfWrong,
  })
  .prefault({})
  .describe('the link between frontends and workers');

/** The addresses of all controls that are configured. */
export function controlsIn(device: {
  readonly control?: string | readonly string[] | undefined;
}): readonly string[] {
  const { control: given = [] } = device;
  return typeof given === 'string' ? [given] : given;
}
