import { expect, test } from 'vitest'
import { deadLetterRecord } from '../../src/core/dead-letter.ts'

const value = new TextEncoder().encode('{broken')

test('it carries the original bytes and key, and says why and where from', () => {
  const rejected = { reason: 'not-json', detail: 'no JSON', key: 'pump-1', value } as const
  const origin = { source: 'kafka', topic: 'readings', partition: 2, offset: 0, receivedAt: 1700 } as const
  const record = deadLetterRecord('dead', rejected, origin)
  expect(record.value).toBe(value)
  expect(record).toEqual({
    topic: 'dead',
    key: 'pump-1',
    value,
    headers: {
      reason: 'not-json',
      detail: 'no JSON',
      source: 'kafka',
      'source-topic': 'readings',
      'source-partition': '2',
      'source-offset': '0',
      'received-at': '1700',
    },
  })
})

test('headers that do not apply are absent, long ones are cut', () => {
  const rejected = {
    reason: 'schema',
    detail: 'x'.repeat(5000),
    key: null,
    value,
    index: 0,
    truncated: true,
  } as const
  const { headers } = deadLetterRecord('dead', rejected, {
    source: 'mqtt',
    topic: 't'.repeat(5000),
    receivedAt: 1,
  })
  expect(headers).toEqual({
    reason: 'schema',
    detail: 'x'.repeat(512),
    source: 'mqtt',
    'source-topic': 't'.repeat(512),
    'received-at': '1',
    index: '0',
    truncated: 'true',
  })
})
