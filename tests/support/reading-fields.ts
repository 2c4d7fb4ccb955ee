/** Readings as the decoder hands them to the core, made from plain objects. */
import type { ReadingFields } from '../../src/core/asset.ts'
import { makeShape, type Shape } from '../../src/core/shape.ts'

export interface GivenReading {
  readonly asset?: string
  readonly ts: number
  readonly values?: Readonly<Record<string, number | null>>
  readonly arrival?: boolean
}

const shapes = new Map<string, Shape>()

export function fieldsOf({
  asset = 'pump-1',
  ts,
  values = {},
  arrival = false,
}: GivenReading): ReadingFields {
  const names = Object.keys(values)
  const id = JSON.stringify(names)
  const shape = shapes.get(id) ?? makeShape(names)
  shapes.set(id, shape)
  return { asset, ts, arrival, shape, values: Float64Array.from(names, (name) => values[name] ?? Number.NaN) }
}
