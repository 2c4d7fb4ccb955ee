/**
 * Categories of an asset as features: `attributes.NAME` is the asset's attribute NAME of the config. In a vector it
 * stands as a code, the place of its value in the model's list; a value that the list does not have is NaN.
 */

const PREFIX = 'attributes.'

/** Name of the attribute that a feature is; `null` when it is a statistic. */
export function attributeOf(feature: string): string | null {
  return feature.startsWith(PREFIX) && feature.length > PREFIX.length ? feature.slice(PREFIX.length) : null
}

export function attributeFeature(attribute: string): string {
  return `${PREFIX}${attribute}`
}

/** The values of an attribute that a model knows, in the order of their codes. */
export interface Category {
  /** Such as `attributes.type`. */
  readonly feature: string
  readonly values: readonly string[]
}

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** @returns the place of the asset's value in the list; NaN when it has none, or one that the list lacks */
export function categoryCode({ feature, values }: Category, attributes: Attributes | null): number {
  const value = attributes?.[attributeOf(feature) ?? '']
  const at = value === undefined ? -1 : values.indexOf(String(value))
  return at < 0 ? Number.NaN : at
}
