import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Disturbance } from '../../src/chaos/plant.ts'
import { scheduleOf } from '../../src/chaos/schedule.ts'

const kinds: Disturbance[] = [
  { name: 'kill', share: 1, run: async () => 'killed' },
  { name: 'freeze', share: 0.1, run: async () => 'frozen' },
  { name: 'restart', share: 0.5, run: async () => 'restarted' },
]

function names(kills: number, seed: number) {
  return scheduleOf(kinds, kills, seed).map(({ disturbance }) => disturbance.name)
}

test('as many kills as asked for, and the share of each other kind, at least one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer(), (kills, seed) => {
      const all = names(kills, seed)
      const count = (name: string) => all.filter((one) => one === name).length
      expect(count('kill')).toBe(kills)
      expect(count('freeze')).toBe(Math.max(1, Math.round(kills / 10)))
      expect(count('restart')).toBe(Math.max(1, Math.round(kills / 2)))
    }),
  )
})

test('without the kill the most frequent of the others comes as often', () => {
  const some: Disturbance[] = [
    { name: 'ingest', share: 0.1, run: async () => 'killed' },
    { name: 'broker', share: 0.05, run: async () => 'killed' },
    { name: 'loss', share: 0, run: async () => 'lost' },
  ]
  const all = scheduleOf(some, 20, 1).map(({ disturbance }) => disturbance.name)
  const count = (name: string) => all.filter((one) => one === name).length
  expect([count('ingest'), count('broker'), count('loss')]).toEqual([20, 10, 1])
  expect(scheduleOf(some.slice(2), 20, 1)).toHaveLength(1)
})

test('a seed gives the same order and the same draws again, another seed others', () => {
  const draws = (seed: number) => scheduleOf(kinds, 20, seed).map(({ random }) => random.uniform())
  expect(names(20, 7)).toEqual(names(20, 7))
  expect(draws(7)).toEqual(draws(7))
  expect(names(20, 7)).not.toEqual(names(20, 8))
  expect(new Set(draws(7)).size).toBe(draws(7).length)
})
