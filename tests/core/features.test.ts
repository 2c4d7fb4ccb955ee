import fc from 'fast-check'
import { expect, test } from 'vitest'
import { channelsOf, featureIndex, featureNames, parseFeature } from '../../src/core/features.ts'
import { STATISTICS } from '../../src/core/moments.ts'

const channels = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })

test('a name is its channel and its statistic, whatever the channel is called', () => {
  fc.assert(
    fc.property(channels, (names) => {
      featureNames(names).forEach((name, i) => {
        expect(parseFeature(name)).toEqual({
          channel: names[Math.floor(i / STATISTICS.length)],
          statistic: i % STATISTICS.length,
        })
      })
      expect(channelsOf(featureNames(names))).toEqual(names)
    }),
  )
})

test('an index finds each wanted feature in the statistics of a window', () => {
  fc.assert(
    fc.property(channels, fc.array(fc.nat(), { maxLength: 10 }), (names, picks) => {
      const all = featureNames(names)
      const wanted = picks.map((pick) => all[pick % all.length]!)
      expect([...featureIndex(wanted, names)].map((at) => all[at])).toEqual(wanted)
    }),
  )
})

test('a feature of a channel that windows do not have is -1', () => {
  expect([...featureIndex(['b.mean', 'a.max', 'a.b.std', 'a.nothing'], ['a', 'a.b'])]).toEqual([-1, 3, 9, -1])
})

test.each(['', 'mean', '.mean', 'temperature', 'temperature.', 'temperature.Mean'])(
  '%j is no feature',
  (name) => {
    expect(parseFeature(name)).toBeNull()
  },
)

test('channels come in order of first use', () => {
  expect(channelsOf(['b.mean', 'a.std', 'b.max'])).toEqual(['b', 'a'])
})
