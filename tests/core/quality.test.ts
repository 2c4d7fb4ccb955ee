import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dropBad, isBadQuality } from '../../src/core/quality.ts'

describe('quality', () => {
  test.each<[string, readonly (string | number)[]]>([
    ['OPC UA words', ['Bad', 'BAD', 'bad', 'BadSensorFailure', 'Bad_NoCommunication']],
    ['OPC UA codes, also as signed 32 bits', [0x80000000, 0x808c0000, -2138308608, '2156527616']],
    ['OPC DA: bad, not connected, sensor failure, out of service', [0, 8, 16, 28]],
    ['Sparkplug: bad, stale', [0, 500, '500']],
    [
      'IEC 61850 and gateways',
      ['invalid', 'Stale', 'error: timeout', 'Failed', 'offline', 'missing', ' fault'],
    ],
  ])('is bad in %s', (_, said) => {
    for (const one of said) expect([one, isBadQuality(one)]).toEqual([one, true])
  })

  test.each<[string, readonly (string | number)[]]>([
    ['OPC UA words', ['Good', 'GOOD', 'GoodClamped', 'Uncertain', 'UncertainLastUsableValue']],
    ['OPC UA codes', [0x40000000, 0x00960000]],
    ['OPC DA: good, local override, uncertain', [192, 216, 64, 127, 128]],
    ['Sparkplug', [192, '192']],
    ['IEC 61850', ['good', 'questionable']],
    ['a flag, a share, what nobody knows', [1, '1', 0.97, 300, '', 'calibrated', 'not bad']],
  ])('is not bad in %s', (_, said) => {
    for (const one of said) expect([one, isBadQuality(one)]).toEqual([one, false])
  })

  test('takes out the bad values of a reading and no others, and counts them', () => {
    const channel = fc.constantFrom('a', 'b', 'toString', '__proto__', 'd')
    const said = fc.constantFrom<string | number>('Good', 'Bad', 0, 192, 500)
    fc.assert(
      fc.property(
        fc.uniqueArray(channel, { maxLength: 4 }),
        fc.dictionary(channel, said),
        fc.array(fc.option(fc.double({ noNaN: true }), { nil: Number.NaN }), { minLength: 4, maxLength: 4 }),
        (names, quality, given) => {
          const values = Float64Array.from(given)
          const wanted = given.map((value, i) => {
            const word = i < names.length ? new Map(Object.entries(quality)).get(names[i]!) : undefined
            return word === 'Bad' || word === 0 || word === 500 ? Number.NaN : value
          })
          const before = given.filter(Number.isNaN).length
          expect(dropBad(quality, names, values)).toBe(wanted.filter(Number.isNaN).length - before)
          expect([...values]).toEqual(wanted)
        },
      ),
    )
  })
})
