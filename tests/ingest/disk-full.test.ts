/** A log that takes nothing for a while: nothing is acknowledged, nothing is lost, nothing is there twice. */
import { afterEach, expect, test } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import { topicNames } from '../../src/core/topics.ts'
import { createAppender } from '../../src/eventlog/appender.ts'
import { createMemoryLog } from '../../src/eventlog/memory.ts'
import { payloadOf, startIngest, until } from '../support/ingest.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const IN_FLIGHT = 500

test.each(['log-full', 'log-unavailable'] as const)(
  '%s: no acknowledgement until there is room again',
  async (code) => {
    let full = false
    const log = createMemoryLog({
      partitions: 3,
      topics: topicNames(''),
      fault(point) {
        if (full && point === 'append') throw failure(code, 'no room')
      },
    })
    const limits = { pendingRecords: 20_000, pendingBytes: 2 ** 26 }
    const appender = createAppender(log, { batchRecords: 100, waitMs: 1, ...limits })
    const ingest = await startIngest({ append: appender, limits: { inFlightReadings: IN_FLIGHT } })
    closing.push(log.close, appender.close, ingest.close)
    const clients = await Promise.all(Array.from({ length: 4 }, () => ingest.connect()))
    let acknowledged = 0
    const publish = (from: number, to: number) =>
      clients.flatMap((client, c) =>
        Array.from({ length: to - from }, async (_, i) => {
          const payload = i % 10 === 0 ? `no json ${c} ${from + i}` : payloadOf(`pump-${c}`, from + i)
          await client.publishAsync(`sensors/pump-${c}`, payload, { qos: 1 })
          acknowledged++
        }),
      )
    await Promise.all(publish(0, 500))
    full = true
    const before = acknowledged
    const during = publish(500, 2000)
    await until('the appender is blocked', () => appender.blocked()?.code === code)
    await until('no socket is read', () => ingest.gate.shut())
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(acknowledged).toBe(before)
    expect(ingest.gate.queues()[0]?.depth).toBeLessThanOrEqual(IN_FLIGHT)
    full = false
    await Promise.all(during)
    expect(appender.blocked()).toBeNull()
    for (const topic of ['readings', 'dead-letters']) {
      const values: string[] = []
      for (let partition = 0; partition < 3; partition++) {
        for await (const records of log.read(topic, partition, 0)) {
          values.push(...records.map(({ value }) => Buffer.from(value ?? []).toString()))
        }
      }
      const expected = [0, 1, 2, 3].flatMap((c) =>
        Array.from({ length: 2000 }, (_, n) => n)
          .filter((n) => (n % 10 === 0) === (topic === 'dead-letters'))
          .map((n) => (topic === 'readings' ? payloadOf(`pump-${c}`, n) : `no json ${c} ${n}`)),
      )
      expect(values.sort()).toEqual(expected.sort())
    }
  },
)
