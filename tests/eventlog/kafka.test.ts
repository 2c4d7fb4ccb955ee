/** The Kafka log keeps the laws, on a real broker. */
import { describe } from 'vitest'
import { requires } from '../support/requires.ts'
import { eventLogLaws } from './contract.ts'
import { makeKafka } from './kafka-subject.ts'

describe.skipIf(requires('kafka').missing)('on a real broker', () => {
  eventLogLaws('kafka', makeKafka, { modelRuns: 6, boundsSize: false })
})
