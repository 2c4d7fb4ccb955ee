import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { Reading } from '../../src/core/records.ts'
import { makeReadingCheck } from '../../src/formats/reading.ts'

const T = 1_700_000_000_000
const schema = Compile(Reading)
const check = makeReadingCheck(16)

test('values that are none are named as the schema would name them', () => {
  const wrong = fc.oneof(
    fc.constantFrom('hot', true, [1], {}, Number.POSITIVE_INFINITY),
    fc.dictionary(
      fc.constantFrom('a', 'b/c', 'd~e', '~1'),
      fc.constantFrom<unknown>(1, null, 'hot', false, [], Number.NEGATIVE_INFINITY),
      { minKeys: 1, noNullPrototype: true },
    ),
  )
  fc.assert(
    fc.property(wrong, (values) => {
      const reading = { asset: 'pump-1', ts: T, values }
      const checked = check(reading, { asset: null, receivedAt: T })
      const [first] = schema.Errors(reading)
      if (first === undefined) expect(checked).toMatchObject({ asGiven: true })
      else {
        expect(checked).toMatchObject({ reason: 'schema' })
        expect('detail' in checked && checked.detail.startsWith(`${first.instancePath}: expected `)).toBe(
          true,
        )
      }
    }),
    { numRuns: 200 },
  )
})
