import { metricsReference } from '../control/metrics-reference.js';
import { errorReference } from '../kernel/error-reference.js';
import { configJsonSchema } from './json-schema.js';
import { configReference } from './reference.js';

/** `node dist/src/config/print.js schema` or `… reference`: what is checked in, anew. */

const prints = {
  schema: () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  reference: configReference,
  errors: errorReference,
  metrics: metricsReference,
} as const satisfies Record<string, () => string>;

const [, , what = ''] = process.argv;

if (Object.hasOwn(prints, what)) process.stdout.write(prints[what as keyof typeof prints]());
else {
  process.stderr.write(`usage: print.js ${Object.keys(prints).join(' | ')}\n`);
  process.exitCode = 2;
}
