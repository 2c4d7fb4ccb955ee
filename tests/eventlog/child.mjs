/**
 * A process with the embedded log, for tests that kill it or look at its folder from outside. Runs the build.
 *   node child.mjs own DIR      appends for ever, and copies with a group; prints a line when a step is durable
 *   node child.mjs hold DIR     owns the folder and waits
 *   node child.mjs open DIR     opens and closes; prints `opened`, or the code and message of the failure
 *   node child.mjs visit DIR    follows read-only and prints each record; ends after a record `end`
 */
import { writeSync } from 'node:fs'
import { topicNames } from '../../dist/src/core/topics.js'
import { openLmdbLog } from '../../dist/src/eventlog/lmdb.js'
import { visitLmdbLog } from '../../dist/src/eventlog/lmdb-visit.js'

const TOPICS = topicNames('t.')
const [, , role, dir = ''] = process.argv
const say = (line) => writeSync(1, `${line}\n`)

const open = () =>
  openLmdbLog({
    dir,
    partitions: 3,
    topics: TOPICS,
    group: 'engine',
    retentionMs: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
  })

async function own() {
  const log = await open()
  say('opened')
  log.follow({
    topic: TOPICS.readings,
    group: 'engine',
    open: copying,
    onError: (error) => say(`error ${error.message}`),
  })
  for (let n = 0; ; n += 3) {
    const ids = [n, n + 1, n + 2].map((one) => `${process.pid}-${one}`)
    await Promise.all(
      ids.map(async (id, lane) => {
        const key = `key-${lane}`
        const value = Buffer.from(id)
        await log.append([
          { topic: TOPICS.readings, key, value },
          { topic: TOPICS.scores, key: 'other', value },
        ])
        say(`durable ${id}`)
      }),
    )
  }
}

/** Copies readings to alerts and counts them in its state. */
function copying() {
  let count = 0
  return {
    async restore(state, committed) {
      for await (const chunk of state) for (const { value } of chunk) count = Number(Buffer.from(value ?? []))
      if (count !== committed) say(`error state says ${count}, position ${committed}`)
      return committed
    },
    async process({ records, nextOffset }) {
      count += records.length
      return {
        emit: records.map(({ key, value }) => ({ topic: TOPICS.alerts, key, value })),
        state: [{ topic: TOPICS.state, key: 'count', value: Buffer.from(`${count}`) }],
        keepFrom: nextOffset,
      }
    },
    async close() {},
  }
}

async function hold() {
  const log = await open()
  say('opened')
  process.stdin.on('data', async (bytes) => {
    const value = Buffer.from(bytes.toString().trim())
    await log.append([{ topic: TOPICS.readings, key: 'k', value, partition: 0 }])
    say(`durable ${value}`)
  })
}

async function tryOpen() {
  try {
    await (await open()).close()
    say('opened')
  } catch (error) {
    say(`${Reflect.get(Object(error), 'code')} ${Reflect.get(Object(error), 'message')}`)
  }
}

async function visit() {
  const log = await visitLmdbLog({ dir })
  const follower = log.follow({
    topic: TOPICS.readings,
    group: null,
    open: () => ({
      restore: async (_, committed) => committed,
      async process({ records, nextOffset }) {
        for (const { value } of records) {
          say(`seen ${Buffer.from(value ?? [])}`)
          if (Buffer.from(value ?? []).toString() === 'end') setImmediate(() => follower.stop())
        }
        return { emit: [], state: [], keepFrom: nextOffset }
      },
      close: async () => {},
    }),
  })
  await follower.done
  await log.append([]).catch((error) => say(`append: ${error.code}`))
  await log.close()
  say('closed')
}

await { own, hold, open: tryOpen, visit }[role]()
