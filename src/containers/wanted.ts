/** `containers` in the body of `PUT /configuration/cluster`: what control is to start. */
import { z } from 'zod';
import { IMAGE } from '../config/docker.js';
import { eachOnce, flag, port, section, text, whole } from '../config/values.js';

/** More than one PUT should start at a time. */
const MOST = 64;

const TAG = 'a tag, or a digest such as "sha256:…"';
const ENVIRONMENT = 'a list of NAME=value';

export const containers = section({
  image: text('the name of an image, without its tag', IMAGE).describe(
    'docker.images must allow it',
  ),
  tag: text(TAG, /^(?:[\w][\w.-]{0,127}|sha256:[0-9a-f]{64})$/)
    .default('latest')
    .describe('which of its images'),
  alwaysPull: flag()
    .default(false)
    .describe('pulls it even where the engine has one of this name and tag'),
  count: whole(1, MOST).default(1).describe('how many containers'),
  portToProxy: port().describe('TCP port on which the application listens in each of them'),
  environment: z
    .array(
      // The value is not shown where it is wrong: see `given` in config/problems.ts.
      text('NAME=value', /^[A-Za-z_][\w.-]*=[^\0]*$/),
      { error: ENVIRONMENT },
    )
    .max(256, { error: ENVIRONMENT })
    .superRefine(eachOnce(nameIn, 'each name once'))
    .default([])
    .meta({ expected: ENVIRONMENT, description: 'for the processes in them; shown to nobody' }),
});

function nameIn(item: unknown): string {
  return typeof item === 'string' ? (item.split('=')[0] ?? '') : JSON.stringify(item);
}

/** What a PUT wants to be started. */
export interface ContainersWanted {
  /** With tag or digest. */
  readonly reference: string;
  readonly alwaysPull: boolean;
  readonly count: number;
  readonly portToProxy: number;
  /** May be secrets. */
  readonly environment: readonly string[];
}

export const wantedBy = (given: z.output<typeof containers>): ContainersWanted => {
  const { image, tag, alwaysPull, count, portToProxy, environment } = given;
  const reference = `${image}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`;
  return { reference, alwaysPull, count, portToProxy, environment };
};

/**
 * Whether `docker.images` lets it be started. An entry is a whole name, or a folder that ends in `/`:
 * `example.com/shop` allows nothing of `example.com/shopping`.
 */
export const isAllowed = (image: string, allowed: readonly string[]): boolean =>
  allowed.some(each => (each.endsWith('/') ? image.startsWith(each) : image === each));
