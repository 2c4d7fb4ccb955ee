/** Which group holds back what. */
import { expect, test } from 'vitest'
import { createGroups } from '../../src/eventlog/groups.ts'

const make = () => createGroups({ expected: { group: 'engine', topic: 'readings' }, retentionMs: 1000 })

test('nothing is kept for nobody, readings for an engine that has yet to come', () => {
  const groups = make()
  expect(groups.slowest('scores', 0, 0)).toBe(null)
  expect(groups.slowest('readings', 0, 1e12)).toEqual({ group: 'engine', keepFrom: 0 })
  expect(groups.get('engine', 'readings', 0)).toBe(null)
})

test('the slowest group counts, by what a restore would read', () => {
  const groups = make()
  groups.set('engine', 'readings', 0, { offset: 9, keepFrom: 5, atMs: 0 })
  groups.set('other', 'readings', 0, { offset: 7, keepFrom: 7, atMs: 0 })
  expect(groups.slowest('readings', 0, 0)).toEqual({ group: 'engine', keepFrom: 5 })
  expect(groups.slowest('readings', 1, 0)).toEqual({ group: 'engine', keepFrom: 0 })
  expect(groups.get('other', 'readings', 0)).toEqual({ offset: 7, keepFrom: 7, atMs: 0 })
})

test('a group that nobody follows and that commits no more is given up; the engine never is', () => {
  const groups = make()
  groups.set('engine', 'readings', 0, { offset: 9, keepFrom: 9, atMs: 0 })
  groups.set('renamed', 'readings', 0, { offset: 2, keepFrom: 2, atMs: 500 })
  expect(groups.slowest('readings', 0, 1500)).toEqual({ group: 'renamed', keepFrom: 2 })
  expect(groups.slowest('readings', 0, 1501)).toEqual({ group: 'engine', keepFrom: 9 })
  groups.follow('renamed')
  expect(groups.slowest('readings', 0, 1e12)).toEqual({ group: 'renamed', keepFrom: 2 })
})
