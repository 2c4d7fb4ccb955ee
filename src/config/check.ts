/** A parsed `forewarn.yaml` against its schema: every finding names the key, the value and what would be right. */
import { Value } from 'typebox/value'
import { nearest } from '../core/nearest.ts'
import { ConfigFile } from './schema.ts'

type Schema = { readonly [keyword: string]: unknown }

/** @returns one sentence per wrong key; empty when the file is right */
export function findings(config: unknown): string[] {
  const found = new Map<string, string>()
  for (const error of Value.Errors(ConfigFile, config)) {
    const path = error.instancePath.split('/').slice(1).map(plainName)
    if (error.keyword === 'additionalProperties') {
      const { additionalProperties } = error.params as { additionalProperties: string[] }
      for (const key of additionalProperties) found.set([...path, key].join('.'), unknownKey(path, key))
      continue
    }
    const key = path.join('.')
    // A union reports each of its branches and then itself: the place is named once, by its whole schema.
    if (error.keyword !== 'boolean' && !found.has(key)) found.set(key, wrongValue(config, path, error))
  }
  return [...found.values()]
}

/** JSON Pointer's escapes undone (RFC 6901). */
function plainName(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

function unknownKey(path: readonly string[], key: string): string {
  const properties = (schemaAt(path)?.properties ?? {}) as Schema
  const known = Object.keys(properties)
  const near = nearest(key, known)
  const hint = near ? `did you mean ${near}?` : `known here: ${known.join(', ')}`
  return `${[...path, key].join('.')}: no such setting; ${hint}`
}

function wrongValue(
  config: unknown,
  path: readonly string[],
  error: { message: string; keyword: string },
): string {
  const schema = schemaAt(path)
  const value = path.reduce<unknown>(
    (at, part) => (at as Record<string, unknown> | undefined)?.[part],
    config,
  )
  const shown = isSecret(path) ? 'the value given' : JSON.stringify(value)
  if (error.keyword === 'required') return `${path.join('.') || 'config'}: ${error.message}`
  return `${path.join('.')}: ${shown} is wrong; ${expected(schema) ?? error.message}`
}

/** Passwords and tokens are never printed. */
export function isSecret(path: readonly string[]): boolean {
  return path.some((part) => ['users', 'password', 'token'].includes(part))
}

function expected(schema: Schema | undefined): string | null {
  if (!schema) return null
  const branches = (schema.anyOf as Schema[] | undefined)?.map(expected).filter((text) => text !== null)
  if (branches) return branches.join(', or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return `one of ${(schema.enum as unknown[]).join(', ')}`
  if (typeof schema.pattern === 'string') return example(schema.pattern)
  const range = [
    schema.minimum === undefined ? '' : ` from ${schema.minimum}`,
    schema.maximum === undefined ? '' : ` to ${schema.maximum}`,
  ].join('')
  return schema.type === undefined
    ? null
    : `expected ${schema.type === 'object' ? 'a section' : schema.type}${range}`
}

function example(pattern: string): string {
  if (pattern.includes('ms|s|m')) return 'expected a duration such as 500ms, 30s, 5m, 24h, 7d'
  if (pattern.includes('KiB')) return 'expected a size such as 64KiB, 256MiB, 8GiB'
  return `expected text that matches ${pattern}`
}

/** The schema of a place; through lists and records. */
function schemaAt(path: readonly string[]): Schema | undefined {
  const whole: Schema = { ...ConfigFile }
  return path.reduce<Schema | undefined>((schema, part) => {
    const properties = schema?.properties as Record<string, Schema> | undefined
    if (properties?.[part]) return properties[part]
    if (schema?.items) return schema.items as Schema
    return Object.values((schema?.patternProperties ?? {}) as Record<string, Schema>)[0]
  }, whole)
}
