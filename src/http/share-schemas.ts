/**
 * Makes an OpenAPI document refer to its named schemas instead of repeating them: what is equal to a named
 * schema becomes a reference to it, so that generated clients have one type for an alert, not ten.
 */

/** Named schemas hold each other no deeper than this. */
const ROUNDS = 6

interface Document {
  readonly components?: { readonly schemas?: object }
}

/** @returns the document, its equal parts replaced */
export function shareSchemas<Doc extends Document>(document: Doc): Doc {
  let shared: Doc = document
  for (let round = 0; round < ROUNDS; round++) {
    const schemas = Object.entries(shared.components?.schemas ?? {})
    const names = new Map(schemas.map(([name, schema]) => [JSON.stringify(schema), name]))
    const next = replaceEqual(shared, names, null) as Doc
    if (JSON.stringify(next) === JSON.stringify(shared)) break
    shared = next
  }
  return shared
}

/**
 * @param names JSON of each named schema → its name
 * @param parent key of the part in its parent; a named schema itself stays whole
 */
function replaceEqual(part: unknown, names: ReadonlyMap<string, string>, parent: string | null): unknown {
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map((item) => replaceEqual(item, names, null))
  const name = names.get(JSON.stringify(part))
  if (name !== undefined && name !== parent) return { $ref: `#/components/schemas/${name}` }
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [key, replaceEqual(value, names, key)]),
  )
}
