/** The section `docker`: where containers are seen and started. */
import { z } from 'zod';
import { tcpPlace } from './address.js';
import { eachOnce, seconds, section, text } from './values.js';

const IMAGES = 'a list of names of images without tags, such as "registry.example.com/shop/"';

const HOST = String.raw`[a-z0-9]+(?:[.-]+[a-z0-9]+)*:\d{1,5}`;
const PART = '[a-z0-9]+(?:[._-]+[a-z0-9]+)*';
const NAME = `^(?=.{1,255}$)(?:${HOST}/)?${PART}(?:/${PART})*`;

/** A registry, possibly with its port, and folders; what stands behind another colon would be a tag. */
export const IMAGE = new RegExp(`${NAME}$`);

/** An image, or with `/` at its end a registry or a folder: all that begin so. */
const IMAGE_OR_FOLDER = new RegExp(`${NAME}/?$`);

/** A path of a unix socket, or `tcp://HOST:PORT`. */
const socket = text(
  'the path of a unix socket, or tcp://HOST:PORT',
  /^(\/[^\0]{1,106}|tcp:\/\/.+)$/,
  value => value.startsWith('/') || tcpPlace(value) !== undefined,
);

export const docker = section({
  socket: socket
    .optional()
    .describe(
      'of an engine with the API of Docker, such as "/var/run/docker.sock": containers with labels ' +
        'become versions (docs/containers.md); without it none is asked. Whoever may use it is root on ' +
        'its machine, and tcp:// protects nothing: DOCKER_HOST is not read',
    ),
  network: text('the name of a network of the engine', /^[\w][\w.-]{0,127}$/)
    .optional()
    .describe(
      'that Cutover shares with the containers: they are asked at their addresses in it; default: at ' +
        'their published ports, or where these are none at their own addresses',
    ),
  images: z
    .array(
      text('the name of an image, or of a folder of them with / at its end', IMAGE_OR_FOLDER),
      {
        error: IMAGES,
      },
    )
    .max(100, { error: IMAGES })
    .superRefine(eachOnce(String, 'each once'))
    .default([])
    .meta({
      expected: IMAGES,
      description:
        'what `containers` in the body of PUT may start; one that ends in / allows all that begin so. ' +
        'Empty: nothing',
    }),
  patience: seconds()
    .default(240)
    .describe(
      'for the containers of a PUT to be pulled, to start, and to be ready; `cutover deploy` waits for 300 at most',
    ),
})
  .prefault({})
  .describe('an engine whose containers become versions');
