/** Partitions must agree with Kafka's for ever: a key that moved would lose its order. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2, partitionOf } from '../../src/core/murmur2.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])("murmur2 of %j is what Kafka's own UtilsTest expects", (key, hash) => {
  expect(murmur2(bytes(key))).toBe(hash)
})

test.each([
  ['', 275646681, 1],
  ['0', 971027396, 0],
  ['pump-07', -1894328026, 2],
  ['motor-00042', -1691481353, 3],
  ['Ünïcode-ключ-鍵-🔑', 1993463547, 3],
  ['x'.repeat(1000), -1068453602, 2],
])('hash and partition of %j are those of kafkajs 2.2.4', (key, hash, partition) => {
  expect(murmur2(bytes(key))).toBe(hash)
  expect(partitionOf(key, 4)).toBe(partition)
})

test('the hash of a text is that of its UTF-8 bytes, and a partition is within range', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.integer({ min: 1, max: 64 }),
      (key, count) => {
        expect(partitionOf(key, count)).toBe((murmur2(bytes(key)) & 0x7fffffff) % count)
      },
    ),
    { numRuns: 2000 },
  )
})
