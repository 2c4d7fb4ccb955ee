import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeReadingDecoder, type ReadingDecoder, type Undecodable } from '../../src/core/decode.ts'
import { pageOf, type Span } from '../../src/core/page.ts'
import { ASSET_ID } from '../../src/core/records.ts'
import { parseTime } from '../../src/core/time.ts'
import { mutatedBytes, readingText } from '../support/reading-text.ts'

const CHANNELS = 4
const encoder = new TextEncoder()
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A text on a page, between others: what is beside it must never count as its own. */
function among(bytes: Uint8Array, before = '{"asset":"', behind = '1","ts":17}}'): Span {
  const page = pageOf(Buffer.concat([encoder.encode(before), bytes, encoder.encode(behind)]))
  return { page, start: before.length, end: before.length + bytes.length }
}

interface Plain {
  readonly asset: string
  readonly ts: number
  readonly arrival: boolean
  /** NaN = null. */
  readonly values: readonly (readonly [string, number])[]
}

/** The contract in a few lines, by JSON.parse alone; a reason where the bytes are no reading. */
function reference(bytes: Uint8Array, key: string | null): Plain | Undecodable['reason'] {
  let object: unknown
  try {
    object = JSON.parse(utf8.decode(bytes))
  } catch {
    return 'not-json'
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return 'schema'
  const given = new Map<string, unknown>(Object.entries(object))
  const asset = given.get('asset') ?? key
  if (typeof asset !== 'string' || !ASSET_ID.test(asset)) return 'bad-asset'
  const ts = parseTime(given.get('ts'))
  if ((key !== null && asset !== key) || ts === null) return 'schema'
  const values = given.has('values') ? given.get('values') : {}
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return 'schema'
  const quality = new Map(Object.entries(given.get('quality') ?? {}))
  if (typeof (given.get('quality') ?? {}) !== 'object' || [...quality.values()].includes(null))
    return 'schema'
  const numbers: [string, number][] = []
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && !Number.isFinite(value)) return 'schema'
    const isBad = ['Bad', 0].includes(quality.get(name))
    numbers.push([name, value === null || isBad ? Number.NaN : Number(value)])
  }
  if (numbers.length > CHANNELS) return 'schema'
  return { asset, ts, arrival: given.get('tsSource') === 'arrival', values: numbers }
}

function decoded(decoder: ReadingDecoder, text: Span, key: string | null): Plain | Undecodable['reason'] {
  const wrong = decoder.decode(text, key)
  if (wrong) return wrong.reason
  const { asset, ts, arrival, shape, values } = decoder.fields
  return { asset, ts, arrival, values: shape.channels.map((name, i) => [name, values[i]!]) }
}

/** `toStrictEqual` tells -0 from 0 and takes NaN for NaN: bit by bit, as far as a value goes. */
function agree(decoder: ReadingDecoder, bytes: Uint8Array, key: string | null): void {
  expect(decoded(decoder, among(bytes), key)).toStrictEqual(reference(bytes, key))
}

describe('decode', () => {
  // One decoder for all runs: by and by it knows many shapes, so most texts are tried on its templates first.
  const warm = makeReadingDecoder(CHANNELS)

  test('equals JSON.parse and the checks, by whichever path', () => {
    let fast = 0
    fc.assert(
      fc.property(readingText, ({ key, text }) => {
        const bytes = encoder.encode(text)
        agree(makeReadingDecoder(CHANNELS), bytes, key)
        agree(warm, bytes, key)
        if (key !== null && warm.fits(among(bytes), key)) fast++
        agree(warm, bytes, key)
      }),
      { numRuns: 3000 },
    )
    expect(fast).toBeGreaterThan(50)
  })

  test('agrees on bytes that went wrong: never throws, never takes what JSON.parse rejects', () => {
    fc.assert(
      fc.property(mutatedBytes, ({ key, bytes }) => agree(warm, bytes, key)),
      { numRuns: 3000 },
    )
  })

  test('agrees on any bytes at all', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => agree(warm, bytes, 'pump-1')))
  })
})

/** Feeds texts with key pump-1 and tells which of them a template took. */
function fitting(decoder: ReadingDecoder, texts: readonly string[]): boolean[] {
  return texts.map((text) => {
    const span = among(encoder.encode(text))
    const fits = decoder.fits(span, 'pump-1')
    expect(decoder.decode(span, 'pump-1')).toBeNull()
    return fits
  })
}

const textOf = (names: readonly string[], ts = 1) =>
  JSON.stringify({ asset: 'pump-1', ts, values: Object.fromEntries(names.map((name, i) => [name, i + 0.5])) })

describe('templates', () => {
  test('the second reading of a shape is read by its template', () => {
    const decoder = makeReadingDecoder(CHANNELS)
    expect(fitting(decoder, [textOf(['a', 'b']), textOf(['a', 'b'], 2), textOf(['b', 'a'])])).toEqual([
      false,
      true,
      false,
    ])
  })

  test('a shape whose template was pushed out by others is learned again', () => {
    const decoder = makeReadingDecoder(CHANNELS)
    fitting(decoder, [textOf(['first'])])
    for (let i = 0; i < 40; i++) fitting(decoder, [textOf([`c${i}`])])
    expect(fitting(decoder, [textOf(['first']), textOf(['first'])])).toEqual([false, true])
  })

  test('a shape that was first met with white space is learned from its first plain text', () => {
    const decoder = makeReadingDecoder(CHANNELS)
    const plain = textOf(['a'])
    expect(fitting(decoder, [plain.replaceAll(':', ' : '), plain, plain])).toEqual([false, false, true])
  })

  test('equal shapes stay one object while they are known', () => {
    const decoder = makeReadingDecoder(CHANNELS)
    fitting(decoder, [textOf(['a'])])
    const { shape } = decoder.fields
    fitting(decoder, [textOf(['b']), textOf(['a']).replace('{', '{ ')])
    expect(decoder.fields.shape).toBe(shape)
  })

  test.each(['a b', '', 'x","y":"z', 'ä', 'x'.repeat(129)])(
    'a key that is no asset id (%j) fits nothing',
    (key) => {
      const decoder = makeReadingDecoder(CHANNELS)
      fitting(decoder, [textOf(['a'])])
      const text = among(encoder.encode(`{"asset":"${key}","ts":1,"values":{"a":1}}`))
      expect(decoder.fits(text, key)).toBe(false)
      expect(decoder.decode(text, key)).not.toBeNull()
    },
  )

  test('a text that is cut off anywhere fits nothing, though the page goes on as it would have', () => {
    const decoder = makeReadingDecoder(CHANNELS)
    const text = textOf(['a', 'b'])
    fitting(decoder, [text])
    for (let end = 0; end < text.length; end++) {
      const cut = among(encoder.encode(text.slice(0, end)), '', text.slice(end))
      expect(decoder.fits(cut, 'pump-1')).toBe(false)
    }
    expect(decoder.fits(among(encoder.encode(text), '', ''), 'pump-1')).toBe(true)
  })

  test('a time outside the calendar fits nothing', () => {
    const decoder = makeReadingDecoder(CHANNELS)
    fitting(decoder, [textOf(['a'])])
    expect(decoder.fits(among(encoder.encode(textOf(['a'], 999_999_999_999_999))), 'pump-1')).toBe(false)
  })
})

test('a byte order mark in front is passed over, as RFC 8259 allows', () => {
  expect(
    makeReadingDecoder(CHANNELS).decode(among(encoder.encode(`\ufeff${textOf(['a'])}`)), 'pump-1'),
  ).toBeNull()
})

test.each([
  ['{', 'not-json', /JSON/],
  ['[]', 'schema', /an object, not an array/],
  ['7', 'schema', /an object, not number/],
  ['{"asset":"p 1","ts":1}', 'bad-asset', /A-Za-z0-9/],
  ['{"asset":"p2","ts":1}', 'schema', /asset p2 differs from the record's key p1/],
  ['{"asset":"p1"}', 'schema', /ts must be epoch milliseconds or RFC 3339/],
  ['{"asset":"p1","ts":1,"values":[]}', 'schema', /values must be an object/],
  ['{"asset":"p1","ts":1,"values":{"a":"1"}}', 'schema', /values.a must be a finite number or null/],
  ['{"asset":"p1","ts":1,"values":{"a":1,"b":1,"c":1,"d":1,"e":1}}', 'schema', /5 channels, at most 4/],
] as const)('%s is a dead letter that says why', (text, reason, detail) => {
  const wrong = makeReadingDecoder(CHANNELS).decode(
    among(encoder.encode(text)),
    text.includes('p 1') ? null : 'p1',
  )
  expect(wrong?.reason).toBe(reason)
  expect(wrong?.detail).toMatch(detail)
})
