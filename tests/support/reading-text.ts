/**
 * Texts of readings as senders could write them, for properties of decoders: numbers of every form, escaped and
 * odd names, white space, repeated keys, other orders, and bytes that went wrong on the way.
 */
import fc from 'fast-check'

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength })

const whole = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.constantFrom(...'123456789'), digits(0, 19)).map((parts) => parts.join('')),
)

/** Every form of RFC 8259: signs, 1 to 20 digits, fractions, exponents. */
export const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
  fc.constantFrom(
    '-0',
    '-0.0',
    '0.1',
    '1e3',
    '1E-7',
    '123456789012345',
    '1234567890123456',
    '9007199254740993',
  ),
  fc
    .tuple(
      fc.constantFrom('', '-'),
      whole,
      fc.oneof(
        fc.constant(''),
        digits(1, 18).map((text) => `.${text}`),
      ),
      fc.constantFrom('', '', '', 'e5', 'E+10', 'e-12', 'e400'),
    )
    .map((parts) => parts.join('')),
)

const channelName = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('temperature', 'vibration', 'pressure', 'rpm', 'a', 'b') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '__proto__', 'constructor', '7', 'values', 'ä', 'a.b', '"', '\\'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
)

const assetId = fc.constantFrom('pump-1', 'pump-2', 'm:4.5_x')

/** A name or text in quotes, some letters as \u escapes when asked for. */
function quoted(text: string, escaped: boolean): string {
  if (!escaped) return JSON.stringify(text)
  const letters = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
  return `"${letters.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('')}"`
}

const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t\r ')

const time = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1_600_000_000_000, max: 1_800_000_000_000 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '-5',
      '1.5',
      '1e12',
      'null',
      '"2024-02-29T10:00:00Z"',
      '"soon"',
      '99999999999999999',
    ),
  },
)

export interface ReadingText {
  readonly key: string | null
  readonly text: string
}

/** A reading that is mostly right: what fast and slow path must agree on. */
export const readingText: fc.Arbitrary<ReadingText> = fc
  .record({
    key: fc.oneof(assetId, fc.constantFrom(null, 'other', 'a b', '', 'x"y')),
    asset: assetId,
    ts: time,
    channels: fc.array(
      fc.tuple(channelName, fc.oneof(numberText, numberText, fc.constantFrom('null', '"1"', '1e999'))),
      { maxLength: 5 },
    ),
    escaped: fc.boolean(),
    plain: fc.boolean(),
    spaces: fc.array(space, { minLength: 4, maxLength: 4 }),
    order: fc.shuffledSubarray(['asset', 'ts', 'values'], { minLength: 2 }),
    extra: fc.constantFrom(
      ...['', '', '"tsSource":"arrival"', '"asset":"pump-2"', '"ts":7'],
      ...['"quality":{"a":1}', '"quality":{"a":0,"rpm":"Bad","temperature":"Good"}', '"quality":{"a":null}'],
    ),
  })
  .map(({ key, asset, ts, channels, escaped, plain, spaces, order, extra }) => {
    const [a, b, c, d] = plain ? ['', '', '', ''] : spaces
    const values = channels.map(([name, value]) => `${quoted(name, !plain && escaped)}${a}:${b}${value}`)
    const named = key !== null && plain ? key : asset
    const parts: Record<string, string> = {
      asset: `"asset":${c}${JSON.stringify(named)}`,
      ts: `"ts":${d}${ts}`,
      values: `"values":${a}{${values.join(`${b},${c}`)}}`,
    }
    const fields = (plain ? ['asset', 'ts', 'values'] : order).map((field) => parts[field])
    if (!plain && extra) fields.push(extra)
    return { key, text: `${a}{${b}${fields.join(`${c},${d}`)}}${a}` }
  })

type Mutation = (bytes: Uint8Array) => Uint8Array

const mutation: fc.Arbitrary<Mutation> = fc
  .record({ kind: fc.constantFrom('flip', 'cut', 'drop', 'insert'), at: fc.nat(), byte: fc.nat(255) })
  .map(({ kind, at, byte }) => (bytes) => {
    if (bytes.length === 0) return bytes
    const place = at % bytes.length
    if (kind === 'cut') return bytes.subarray(0, place)
    const tail = bytes.subarray(kind === 'insert' ? place : place + 1)
    const between = kind === 'drop' ? [] : [byte]
    return Uint8Array.from([...bytes.subarray(0, place), ...between, ...tail])
  })

/** The bytes of such a text after some of them went wrong. */
export const mutatedBytes = fc
  .tuple(readingText, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([{ key, text }, mutations]) => ({
    key,
    bytes: mutations.reduce<Uint8Array>((bytes, mutate) => mutate(bytes), new TextEncoder().encode(text)),
  }))
