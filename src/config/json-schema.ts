import { z } from 'zod';
import { schema } from './config.js';

/** What config.schema.json holds: the JSON Schema of the file as people write it. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema['expected']; // not a word of JSON Schema: for the reference only
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return { $schema, title: 'Configuration of Cutover', ...rest };
}
