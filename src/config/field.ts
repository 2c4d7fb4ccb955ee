/** Fields that the schema of `forewarn.yaml` is made of: texts with a form, a description and a default. */
import Type from 'typebox'
import { ASSET_ID } from '../core/records.ts'

export const strict = { additionalProperties: false }

export const Duration = (description: string, fallback?: string) =>
  Type.String({
    pattern: '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$',
    description,
    ...(fallback === undefined ? {} : { default: fallback }),
  })

export const Size = (description: string, fallback: string) =>
  Type.String({
    pattern: '^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB|TiB)$',
    description,
    default: fallback,
  })

export const Text = (description: string, fallback?: string) =>
  Type.String({ minLength: 1, description, ...(fallback === undefined ? {} : { default: fallback }) })

export const Count = (description: string, fallback: number, minimum = 1) =>
  Type.Integer({ minimum, description, default: fallback })

export const Name = Type.String({ pattern: ASSET_ID.source })
