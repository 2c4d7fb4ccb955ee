import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RejectedPayload } from '../../src/core/dead-letter.ts'
import { DEAD_LETTER_REASONS } from '../../src/core/topics.ts'
import { makeJsonFormat } from '../../src/formats/json.ts'

const LIMITS = { payloadBytes: 1000, arrayReadings: 5, channelsPerAsset: 4 }
const ARRIVAL = 1_700_000_000_000

interface Outcome {
  readings: { asset: string; value: string }[]
  letters: (Omit<RejectedPayload, 'value'> & { value: Buffer })[]
}

/** Decodes with a fresh format, as a payload on `sensors/pump-1`. */
function decode(payload: string | Uint8Array, asset: string | null = 'pump-1', limits = LIMITS): Outcome {
  return decodeWith(makeJsonFormat(limits), payload, asset)
}

function decodeWith(
  format: ReturnType<typeof makeJsonFormat>,
  payload: string | Uint8Array,
  asset: string | null,
): Outcome {
  const outcome: Outcome = { readings: [], letters: [] }
  format.decode(
    typeof payload === 'string' ? Buffer.from(payload) : payload,
    { asset, receivedAt: ARRIVAL },
    {
      reading: (id, value) => outcome.readings.push({ asset: id, value: Buffer.from(value).toString() }),
      letter: (rejected) => outcome.letters.push({ ...rejected, value: Buffer.from(rejected.value) }),
    },
  )
  return outcome
}

const GOOD = '{"asset":"pump-1","ts":1700000000000,"values":{"temperature":61.2}}'

describe('a reading', () => {
  test.each([
    GOOD,
    '{ "ts": 1700000000000, "asset": "pump-1", "values": { "temperature": null } }',
    '{"asset":"pump-1","ts":1.7e12,"values":{"t":1},"site":{"hall":[1,2]}}',
    '{"asset":"pump-1","ts":-5,"waveforms":{"a":{"hz":25600,"unit":"g","samples":[0.1,-0.2]}}}',
    '{"asset":"pump-1","ts":1,"waveforms":{"a":{"hz":1.5,"f32":"AACAPwAAAEA="}},"quality":{"a":"good"}}',
    '{"asset":"pump-1","ts":1,"values":{"constructor":1,"toString":2}}',
  ])('that is complete goes on byte for byte: %s', (payload) => {
    expect(decode(payload)).toEqual({ readings: [{ asset: 'pump-1', value: payload }], letters: [] })
  })

  test('goes on byte for byte when its shape is known, too', () => {
    const format = makeJsonFormat(LIMITS)
    for (let i = 0; i < 40; i++) {
      const payload = GOOD.replace('61.2', String(i / 8))
      expect(decodeWith(format, payload, 'pump-1').readings).toEqual([{ asset: 'pump-1', value: payload }])
    }
  })

  test('takes its asset from the topic when it names none', () => {
    expect(decode('{"ts":5,"values":{"t":1}}').readings).toEqual([
      { asset: 'pump-1', value: '{"asset":"pump-1","ts":5,"values":{"t":1}}' },
    ])
  })

  test('names its own asset, whatever the topic says', () => {
    const payload = '{"asset":"fan-2","ts":5,"values":{"t":1}}'
    expect(decode(payload).readings).toEqual([{ asset: 'fan-2', value: payload }])
  })

  test('without ts gets the arrival time and is marked so', () => {
    expect(JSON.parse(decode('{"values":{"t":1}}').readings[0]!.value)).toEqual({
      asset: 'pump-1',
      ts: ARRIVAL,
      values: { t: 1 },
      tsSource: 'arrival',
    })
  })

  test.each([
    ['2023-11-14T22:13:20Z', 1_700_000_000_000],
    ['2023-11-14t23:13:20.25+01:00', 1_700_000_000_250],
    ['2023-11-14 22:13:20z', 1_700_000_000_000],
  ])('has RFC 3339 text as ts: %s', (ts, ms) => {
    const { readings } = decode(JSON.stringify({ ts, values: { t: 1 } }))
    expect(readings[0]?.value).toBe(`{"asset":"pump-1","ts":${ms},"values":{"t":1}}`)
  })

  test('keeps unknown fields when it is written anew', () => {
    const { readings } = decode('{"values":{"t":1},"site":"north","ts":"2023-11-14T22:13:20Z"}')
    expect(JSON.parse(readings[0]!.value)).toMatchObject({ site: 'north', ts: 1_700_000_000_000 })
  })

  test('loses a byte order mark', () => {
    expect(decode(`\ufeff${GOOD}`).readings).toEqual([{ asset: 'pump-1', value: GOOD }])
  })
})

describe('a dead letter', () => {
  const many = JSON.stringify({ values: { a: 1, b: 2, c: 3, d: 4, e: 5 } })
  test.each([
    ['', 'not-json', 'empty payload'],
    ['{"values":{"t":NaN}}', 'not-json', 'NaN'],
    ['{"values":{"t":1}', 'not-json', ''],
    ['temperature=61', 'not-json', ''],
    ['null', 'schema', 'expected a reading (an object), found null'],
    ['61.2', 'schema', 'expected a reading (an object), found 61.2'],
    ['[]', 'schema', 'empty array'],
    ['{}', 'schema', 'expected values or waveforms, found neither'],
    ['{"values":{"t":"61"}}', 'schema', '/values/t: expected number or null, found "61"'],
    ['{"values":{"t":1e999}}', 'schema', '/values/t: expected number or null, found Infinity'],
    ['{"values":[1]}', 'schema', '/values: expected object, found an array'],
    ['{"values":{"a\\nb":"text"}}', 'schema', "/values: a channel's name"],
    ['{"values":{"":1}}', 'schema', "/values: a channel's name"],
    [many, 'schema', '5 channels, at most 4 are taken'],
    ['{"ts":1.5,"values":{"t":1}}', 'schema', '/ts: expected epoch milliseconds (an integer) or RFC 3339'],
    ['{"ts":"yesterday","values":{"t":1}}', 'schema', '/ts: expected'],
    ['{"ts":"2023-11-14T22:13:20","values":{"t":1}}', 'schema', '/ts: expected'],
    ['{"ts":"2023-02-30T00:00:00Z","values":{"t":1}}', 'schema', '/ts: expected'],
    ['{"ts":null,"values":{"t":1}}', 'schema', '/ts: expected'],
    ['{"ts":1e16,"values":{"t":1}}', 'schema', '/ts: expected'],
    ['{"asset":"no spaces","values":{"t":1}}', 'bad-asset', '/asset: expected text that matches'],
    ['{"asset":"","values":{"t":1}}', 'bad-asset', '/asset'],
    ['{"asset":7,"values":{"t":1}}', 'bad-asset', '/asset'],
    ['{"asset":"a\\n","values":{"t":1}}', 'bad-asset', '/asset'],
    ['{"waveforms":{"a":{"hz":0,"samples":[1]}}}', 'schema', '/waveforms/a/hz: expected > 0, found 0'],
    ['{"waveforms":{"a":{"hz":1,"samples":[1,"2"]}}}', 'schema', '/waveforms/a/samples/1: expected number'],
    ['{"waveforms":{"a":{"hz":1}}}', 'schema', '/waveforms/a: expected either samples or f32'],
    ['{"waveforms":{"a":{"hz":1,"f32":"A===="}}}', 'schema', '/waveforms/a/f32: expected base64'],
    ['{"waveforms":{"a":{"hz":1,"f32":"AAAAAAAA"}}}', 'schema', 'found 6 bytes'],
    ['{"waveforms":{"a":{"hz":1,"f32":"AADAfw=="}}}', 'schema', 'sample 0 is not finite'],
    ['{"ts":1,"values":{"t":1},"tsSource":"guess"}', 'schema', '/tsSource: expected'],
    ['{"values":{"t":1},"__proto__":{"x":1}}', 'schema', 'forbidden prototype'],
    ['{"values":{"__proto__":{"x":1},"t":1}}', 'schema', 'forbidden prototype'],
    ['{"values":{"t":1},"constructor":{"prototype":1}}', 'schema', 'forbidden prototype'],
    [`{"values":{"t":1},"deep":${'['.repeat(100)}${']'.repeat(100)}}`, 'schema', 'nested deeper than 32'],
    [
      JSON.stringify(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`f${i}`, 1]))),
      'schema',
      '65 fields',
    ],
  ])('%s is %s', (payload, reason, detail) => {
    const { readings, letters } = decode(payload)
    expect(readings).toEqual([])
    expect(letters).toHaveLength(1)
    expect(letters[0]).toMatchObject({ reason, key: 'pump-1' })
    expect(letters[0]?.detail).toContain(detail)
    expect(letters[0]?.value.toString()).toBe(payload)
    expect(letters[0]?.index).toBeUndefined()
  })

  test('is what is not UTF-8', () => {
    const payload = Buffer.from([0x22, 0xff, 0xfe, 0x22])
    expect(decode(payload).letters).toMatchObject([{ reason: 'not-json', value: payload }])
  })

  test('without any asset has no key', () => {
    expect(decode('{"values":{"t":1}}', null).letters).toMatchObject([{ reason: 'bad-asset', key: null }])
    expect(decode('{"values":{"t":1}}', 'bad id').letters).toMatchObject([{ reason: 'bad-asset', key: null }])
  })

  test('that is too large keeps its first 64 KiB', () => {
    const payload = `{"values":{"t":1},"filler":"${'x'.repeat(200_000)}"}`
    const [letter, ...others] = decode(payload).letters
    expect(others).toEqual([])
    expect(letter).toMatchObject({ reason: 'too-large', truncated: true, key: 'pump-1' })
    expect(letter?.detail).toBe(`payload of ${payload.length} bytes, at most 1000 are taken`)
    expect(letter?.value.toString()).toBe(payload.slice(0, 65_536))
  })

  test('that is too large but short is kept whole', () => {
    const payload = 'x'.repeat(1001)
    const [letter] = decode(payload).letters
    expect(letter).toMatchObject({ reason: 'too-large', value: Buffer.from(payload) })
    expect(letter?.truncated).toBeUndefined()
  })
})

describe('an array', () => {
  test('is a reading for each element, and a dead letter for each bad one', () => {
    const { readings, letters } = decode(
      '[{"ts":1,"values":{"t":1}}, {"ts":"no"}, 5, {"asset":"fan-2","ts":2,"values":{"t":2}}]',
    )
    expect(readings).toEqual([
      { asset: 'pump-1', value: '{"asset":"pump-1","ts":1,"values":{"t":1}}' },
      { asset: 'fan-2', value: '{"asset":"fan-2","ts":2,"values":{"t":2}}' },
    ])
    expect(letters).toMatchObject([
      { reason: 'schema', index: 1, value: Buffer.from('{"ts":"no"}'), key: 'pump-1' },
      { reason: 'schema', index: 2, value: Buffer.from('5'), key: 'pump-1' },
    ])
  })

  test('with too many elements is one dead letter', () => {
    const payload = JSON.stringify(Array(6).fill({ values: { t: 1 } }))
    expect(decode(payload).letters).toMatchObject([
      {
        reason: 'too-large',
        detail: 'array of 6 readings, at most 5 are taken',
        value: Buffer.from(payload),
      },
    ])
  })
})

test('never throws, and every payload comes out as something', () => {
  const format = makeJsonFormat({ ...LIMITS, payloadBytes: 4000 })
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    fc.array(fc.anything({ withNullPrototype: true }), { maxLength: 3 }).map((value) => {
      return Buffer.from(fc.stringify(value))
    }),
    fc
      .record(
        { asset: fc.jsonValue(), ts: fc.jsonValue(), values: fc.jsonValue(), waveforms: fc.jsonValue() },
        {
          requiredKeys: [],
        },
      )
      .map((value) => Buffer.from(JSON.stringify(value))),
    fc.tuple(fc.nat(GOOD.length), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(GOOD)
      bytes[at] = byte
      return bytes
    }),
    fc.nat(GOOD.length).map((at) => Buffer.from(GOOD.slice(0, at))),
  )
  fc.assert(
    fc.property(payload, (bytes) => {
      const { readings, letters } = decodeWith(format, bytes, 'pump-1')
      expect(readings.length + letters.length).toBeGreaterThan(0)
      for (const { asset, value } of readings) {
        const written: unknown = JSON.parse(value)
        expect(written).toMatchObject({ asset, ts: expect.any(Number) })
        // What was accepted is accepted again, byte for byte.
        expect(decodeWith(format, value, asset).readings).toEqual([{ asset, value }])
      }
      for (const { reason, detail } of letters) {
        expect(DEAD_LETTER_REASONS).toContain(reason)
        expect(detail).not.toBe('')
      }
    }),
    { numRuns: 3000 },
  )
})
