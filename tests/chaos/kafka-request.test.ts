import { expect, test } from 'vitest'
import { COMMIT_REQUESTS, type CommitRequest, chooseRequest } from '../../src/chaos/kafka-request.ts'

function request(kind: number, correlation: number, client = 'forewarn', body = 'body'): Buffer {
  const name = Buffer.from(client)
  const head = Buffer.alloc(10)
  head.writeInt16BE(kind, 0)
  head.writeInt32BE(correlation, 4)
  head.writeInt16BE(name.length, 8)
  return sized(Buffer.concat([head, name, Buffer.from(body)]))
}

function answer(correlation: number, body = 'answer'): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(correlation)
  return sized(Buffer.concat([head, Buffer.from(body)]))
}

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

const KINDS = Object.keys(COMMIT_REQUESTS) as CommitRequest[]

test.each(KINDS)('%s is chosen, and its answer told from others', (kind) => {
  const choose = chooseRequest(kind, 'forewarn')
  const isAnswer = choose(request(COMMIT_REQUESTS[kind], 7))
  expect(isAnswer?.(answer(7))).toBe(true)
  expect(isAnswer?.(answer(6))).toBe(false)
  expect(isAnswer?.(Buffer.concat([answer(6), answer(7)]))).toBe(true)
  for (const other of KINDS.filter((one) => one !== kind)) {
    expect(choose(request(COMMIT_REQUESTS[other], 7))).toBeNull()
  }
})

test('a request behind another one in the same bytes is found', () => {
  const bytes = Buffer.concat([request(3, 1), request(COMMIT_REQUESTS.EndTxn, 2)])
  expect(chooseRequest('EndTxn', 'forewarn')(bytes)?.(answer(2))).toBe(true)
})

test('requests of the brokers, and the rest of a large request, are none of ours', () => {
  const choose = chooseRequest('EndTxn', 'forewarn')
  expect(choose(request(COMMIT_REQUESTS.EndTxn, 2, 'broker-1-txn-marker'))).toBeNull()
  expect(choose(request(COMMIT_REQUESTS.EndTxn, 2).subarray(0, 13))).toBeNull()
  expect(choose(Buffer.from('what a large batch goes on with, and on, and on'))).toBeNull()
  expect(choose(Buffer.alloc(64))).toBeNull()
})
