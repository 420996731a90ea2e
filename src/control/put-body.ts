import type { z } from 'zod';
import { cluster, SERVERS } from '../config/cluster.js';
import { evenIfWrong, section } from '../config/values.js';
import { containers } from '../containers/wanted.js';

/** The body of `PUT /configuration/cluster`: one schema for checking it and for telling how it looks. */
export const putBody = section({
  cluster: section({
    servers: cluster.shape.servers.optional(),
    containers: containers
      .optional()
      .describe('instead of servers: containers that control starts, and removes with the cluster'),
    version: cluster.shape.version,
    upgradeTransition: cluster.shape.upgradeTransition,
  })
    .refine(({ servers, containers }) => servers !== undefined || containers !== undefined, {
      error: SERVERS,
      path: ['servers'],
      when: evenIfWrong,
    })
    .refine(({ servers, containers }) => servers === undefined || containers === undefined, {
      error: 'servers or containers, not both',
      path: ['containers'],
      when: evenIfWrong,
    }),
});

export type PutBody = z.output<typeof putBody>;
