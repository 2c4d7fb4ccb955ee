/**
 * Which requests of the Kafka protocol go by on a connection, so that the answer to a chosen one can be lost. A request
 * is i32 bytes | i16 kind | i16 version | i32 correlation | text client id | …; its answer i32 bytes | i32 correlation | ….
 */
import type { AnswerTest } from './proxy.ts'

/** Requests of a commit, by their numbers in the protocol (apache.org/protocol#protocol_api_keys). */
export const COMMIT_REQUESTS = {
  Produce: 0,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  TxnOffsetCommit: 28,
  EndTxn: 26,
} as const

export type CommitRequest = keyof typeof COMMIT_REQUESTS

const SIZE_BYTES = 4
const KIND_AT = 4
const CORRELATION_AT = 8
const CLIENT_AT = 12
const CLIENT_TEXT_AT = 14

/**
 * Chooses the next request of a kind. Bytes are looked at from the start of a chunk, where requests begin; what a large
 * request is continued with is no request of the client's name.
 * @param clientId of the requests that count: brokers speak the protocol among themselves, too
 */
export function chooseRequest(kind: CommitRequest, clientId: string) {
  return (bytes: Buffer): AnswerTest | null => {
    for (let at = 0; at + CLIENT_TEXT_AT <= bytes.length; at += SIZE_BYTES + bytes.readInt32BE(at)) {
      if (bytes.readInt32BE(at) <= 0 || !isOf(bytes, at, clientId)) return null
      if (bytes.readInt16BE(at + KIND_AT) === COMMIT_REQUESTS[kind]) {
        return answers(bytes.readInt32BE(at + CORRELATION_AT))
      }
    }
    return null
  }
}

function isOf(bytes: Buffer, at: number, clientId: string): boolean {
  const end = at + CLIENT_TEXT_AT + bytes.readInt16BE(at + CLIENT_AT)
  return bytes.toString('utf8', at + CLIENT_TEXT_AT, end) === clientId
}

function answers(correlation: number): AnswerTest {
  return (bytes) => {
    for (let at = 0; at + SIZE_BYTES + 4 <= bytes.length; at += SIZE_BYTES + bytes.readInt32BE(at)) {
      if (bytes.readInt32BE(at + SIZE_BYTES) === correlation) return true
      if (bytes.readInt32BE(at) <= 0) return false
    }
    return false
  }
}
