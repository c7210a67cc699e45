import { z } from 'zod';

const shapeSchema = z.looseObject({ size: z.number() });

/** What is looked at; the rest is passed on to be checked as a manifest of today. */
const manifestSchema = z.looseObject({
  schema: z.literal(1),
  configuration: z.unknown(),
  tools: z.unknown(),
  shape: shapeSchema,
  shards: z.array(
    z.looseObject({
      file: z.unknown(),
      samples: z.unknown(),
      bytes: z.unknown(),
      sealed: z.unknown(),
    }),
  ),
});

/** In schema 1 every frame was a square of the size that the model sees. */
export function upgradeShape<Shape extends { readonly size: number }>(shape: Shape) {
  return { ...shape, storeSize: shape.size, square: true };
}

/**
 * What a manifest of schema 1 says, in the terms of today's; its shards have no index.
 * @returns the manifest, and what its fingerprint was made of; undefined if it is no such manifest
 */
export function upgradeManifest(parsed: unknown) {
  const result = manifestSchema.safeParse(parsed);
  if (!result.success) return undefined;
  const { schema, configuration, tools, shape, shards, ...rest } = result.data;
  return {
    identity: { schema, configuration, tools, shape },
    manifest: {
      ...rest,
      schema,
      configuration,
      tools,
      shape: upgradeShape(shape),
      shards: shards.map(({ file, samples, bytes, sealed }) => ({
        file,
        samples,
        bytes,
        sealed,
        index: null,
        sums: null,
        dropped: [],
      })),
    },
  };
}
