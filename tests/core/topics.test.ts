import { expect, test } from 'vitest'
import { TOPICS, topicNames } from '../../src/core/topics.ts'

test('every topic has the prefix, but for those that were named', () => {
  const names = topicNames('plant.', { readings: 'bench.readings' })
  expect(Object.keys(names)).toEqual(Object.keys(TOPICS))
  expect(names.readings).toBe('bench.readings')
  expect(names['alert-states']).toBe('plant.alert-states')
})
