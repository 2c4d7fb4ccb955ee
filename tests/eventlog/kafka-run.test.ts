/** Records of batches that are made while somebody goes through them: the same, however often and by whichever way. */
import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRecord, NewRecord } from '../../src/core/ports.ts'
import { encodeBatch, scanBatches } from '../../src/eventlog/kafka-batch.ts'
import { runOf } from '../../src/eventlog/kafka-run.ts'
import { decodeBatches } from '../support/decode-batches.ts'

const WRITER = { producerId: -1n, producerEpoch: -1, transactional: false }

const records = fc.array(
  fc.record({
    topic: fc.constant('t'),
    key: fc.option(fc.string({ maxLength: 80 }), { nil: null }),
    value: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: null }),
  }),
  { minLength: 1, maxLength: 20 },
)

/** Batches one behind the other, as a fetch brings them. */
function fetched(batches: readonly (readonly NewRecord[])[], compression: 'none' | 'gzip'): Buffer {
  let base = 0
  return Buffer.concat(
    batches.map((batch) => {
      const bytes = encodeBatch(batch, { writer: WRITER, sequence: -1, timestamp: 5, compression })
      bytes.writeBigInt64BE(BigInt(base), 0)
      base += batch.length
      return bytes
    }),
  )
}

function plain({ offset, timestamp, key, value, headers }: LogRecord) {
  return { offset, timestamp, key, value: value && [...value], headers }
}

test('they are those of the batches, each time that somebody goes through them', () => {
  const kinds = fc.constantFrom('none', 'gzip')
  fc.assert(
    fc.property(fc.array(records, { maxLength: 4 }), kinds, (batches, kind) => {
      const bytes = fetched(batches, kind)
      const wanted = decodeBatches(bytes, 0, []).records.map(plain)
      const run = runOf(scanBatches(bytes, 0, []).batches)
      for (let time = 0; time < 2; time++) {
        const visited: LogRecord[] = []
        run.forEach((record) => {
          visited.push(record)
        })
        expect(visited.map(plain)).toEqual(wanted)
        expect([...run].map(plain)).toEqual(wanted)
      }
      expect(run.length).toBe(batches.flat().length)
    }),
  )
})

test('a batch that holds less than it says is told by its offset, behind the records before it', () => {
  const one = { topic: 't', key: 'k', value: Buffer.from('v') }
  const bytes = fetched([[one], [one, one]], 'none')
  const second = scanBatches(bytes, 0, []).batches[1]!.bytes
  second.writeInt32BE(3, 57)
  second.writeUInt32BE(crc32c(second.subarray(21)), 17)
  const seen: number[] = []
  const readAll = () =>
    runOf(scanBatches(bytes, 0, []).batches).forEach(({ offset }) => {
      seen.push(offset)
    })
  expect(readAll).toThrow(
    expect.objectContaining({ code: 'input', message: expect.stringContaining('offset 1') }),
  )
  expect(seen).toEqual([0, 1, 2])
})

test('what a visitor throws is not taken for a damaged batch', () => {
  const bytes = fetched([[{ topic: 't', key: 'k', value: null }]], 'none')
  const wrong = new Error('no room')
  const run = runOf(scanBatches(bytes, 0, []).batches)
  expect(() =>
    run.forEach(() => {
      throw wrong
    }),
  ).toThrow(wrong)
})
