/**
 * Lists answer `{items, next}`: `next` is an opaque cursor that names the last item by its sort key, so a
 * page stays right while items come and go.
 */
import Type, { type Static, type TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { failure } from '../core/errors.ts'
import { CURSOR_LENGTH, PAGE_ITEMS, PAGE_ITEMS_MAX } from './limits.ts'

/** Query fields of every list. */
export const PAGE_QUERY = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: PAGE_ITEMS_MAX, default: PAGE_ITEMS, description: 'Most items' }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: CURSOR_LENGTH, description: '`next` of the page before; none: the first page' }),
  ),
}

/** Schema of a list's answer. */
export function PageOf<Item extends TSchema>(item: Item) {
  return Type.Object({
    items: Type.Array(item),
    next: Type.Union([Type.String(), Type.Null()], { description: 'Cursor of the next page; null: the end' }),
  })
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/**
 * @param schema shape of the key that this list sorts by
 * @returns the key, or null for the first page
 * @throws failure `input` when the cursor is none of this list
 */
export function decodeCursor<Key extends TSchema>(
  schema: Key,
  cursor: string | undefined,
): Static<Key> | null {
  if (cursor === undefined) return null
  const key = parseKey(cursor)
  if (Check(schema, key)) return key
  throw failure('input', "query/cursor: not a cursor of this list; use 'next' of its last answer, unchanged")
}

function parseKey(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

/**
 * Takes a page from sorted items.
 * @param items sorted; those up to the cursor already left out
 * @param limit most items of the page; none: `PAGE_ITEMS`
 * @param keyOf sort key of an item, for the cursor
 */
export function takePage<Item>(
  items: readonly Item[],
  limit: number = PAGE_ITEMS,
  keyOf: (item: Item) => readonly (string | number)[],
): Page<Item> {
  const page = items.slice(0, limit)
  const last = page[page.length - 1]
  return { items: page, next: items.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null }
}
