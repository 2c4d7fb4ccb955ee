/** What brokers tell who has been shut out; which of the names depends on how far its transaction was. */
import { typeOf } from '../../src/eventlog/kafka-errors.ts'

const FENCED = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING']

export function isFenced(error: unknown): boolean {
  return FENCED.includes(typeOf(error))
}
