/** The first of two passes over recorded files: which assets and channels there are. Nothing of it is kept. */
import type { AssetGroupSettings } from '../config/settings.ts'
import { type Attributes, attributeFeature, type Category } from '../core/category.ts'
import { failure } from '../core/errors.ts'
import { assetPattern } from '../core/match.ts'
import type { RecordedReading } from '../formats/rows.ts'

export interface Scan {
  readonly assets: ReadonlySet<string>
  /** In the order in which they came. */
  readonly channels: readonly string[]
  readonly readings: number
}

/** Assets and channels that a recording may have. */
const ASSETS = 5_000_000
const CHANNELS = 4096

/** @throws Failure `input` when there is nothing that the pipeline takes, or too much */
export async function scan(
  readings: AsyncIterable<RecordedReading> | Iterable<RecordedReading>,
  takes: (asset: string) => boolean,
): Promise<Scan> {
  const assets = new Set<string>()
  const channels = new Set<string>()
  let count = 0
  for await (const { asset, values } of readings) {
    if (!takes(asset)) continue
    count++
    assets.add(asset)
    for (const name in values) channels.add(name)
    if (assets.size > ASSETS) throw failure('input', `more than ${ASSETS} assets; take fewer files`)
    if (channels.size > CHANNELS)
      throw failure('input', `more than ${CHANNELS} channels; ignore some in the map`)
  }
  return { assets, channels: [...channels], readings: count }
}

/** Values of an attribute that one-hot codes; what is rarer than the others is unknown to the model. */
const VALUES = 64

/** The attributes in which the assets differ, each with its values in alphabetical order. */
export function categoriesOf(
  assets: ReadonlySet<string>,
  attributesOf: (asset: string) => Attributes | null,
): Category[] {
  const values = new Map<string, Map<string, number>>()
  for (const asset of assets) {
    for (const [name, value] of Object.entries(attributesOf(asset) ?? {})) {
      const own = values.get(name) ?? new Map<string, number>()
      values.set(name, own.set(String(value), (own.get(String(value)) ?? 0) + 1))
    }
  }
  return [...values]
    .filter(([, counts]) => counts.size > 1)
    .map(([name, counts]) => ({
      feature: attributeFeature(name),
      values: [...counts]
        .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
        .slice(0, VALUES)
        .map(([value]) => value)
        .sort(),
    }))
}

/** Attributes come from the first group that takes the asset, as in the engine. */
export function attributesBy(groups: readonly AssetGroupSettings[]): (asset: string) => Attributes | null {
  const tests = groups.map(({ match, attributes }) => ({ takes: assetPattern(match), attributes }))
  return (asset) => tests.find(({ takes }) => takes(asset))?.attributes ?? null
}
