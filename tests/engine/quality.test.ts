/** Values that their sender calls bad: live, from files and in the balance they are as if they had not been measured. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { engineSource } from '../../src/app/figures.ts'
import { unbalanced } from '../../src/core/balance.ts'
import type { NewRecord } from '../../src/core/ports.ts'
import type { Score } from '../../src/core/records.ts'
import { topicNames } from '../../src/core/topics.ts'
import type { PlainReading } from '../../src/core/windowed.ts'
import { createLane } from '../../src/engine/lane.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { scoreRecording } from '../../src/engine/recorded.ts'
import { makeJsonFormat } from '../../src/formats/json.ts'
import { inTimeOrder } from '../../src/formats/order.ts'
import { readRecording } from '../../src/formats/recording.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const topics = topicNames('f.')
const T = 1_700_000_000_000
const window = { sizeMs: 10_000, hopMs: 10_000, latenessMs: 2000, idleMs: 20_000 }

/** Learns for 20 windows; from then on a sensor breaks now and then, writes nonsense and says so. */
const broken: PlainReading[] = []
const silent: PlainReading[] = []
const random = createRandom(1, 'quality')
for (let i = 0; i < 900; i++) {
  const head = { asset: 'pump-1', ts: T + i * 1000 }
  const [heat, load] = [50 + random.normal(), 10 + random.normal()]
  const breaks = i > 150 && i % 3 === 0
  silent.push({ ...head, values: { heat: breaks ? null : heat, load } })
  broken.push(
    breaks
      ? {
          ...head,
          values: { heat: 1e6 * random.normal(), load },
          quality: { heat: 'BadSensorFailure', load: 192 },
        }
      : { ...head, values: { heat, load } },
  )
}
const bad = broken.filter(({ quality }) => quality).length

const decoder = new TextDecoder()
const textOf = (value: Uint8Array | null) => (value ? decoder.decode(value) : '')

async function run(readings: Iterable<PlainReading> | AsyncIterable<PlainReading>) {
  const learn = { windows: 20 }
  const pipelines = [makePipeline(pipelineSettings({ window, learn }), [], LIMITS, null)]
  const lane = createLane({ partition: 0, topics, pipelines, limits: LIMITS, inferred() {} })
  const emit: NewRecord[] = []
  for await (const records of scoreRecording([lane], readings)) emit.push(...records)
  const scores = emit.filter(({ topic }) => topic === topics.scores)
  return { lane, emit, scores: scores.map(({ value }) => JSON.parse(textOf(value)) as Score) }
}

describe('values of bad quality', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'forewarn-quality-'))
  })
  afterAll(() => rm(dir, { recursive: true }))

  test('neither score nor teach: all is as if they had not been measured', async () => {
    const [one, other] = [await run(broken), await run(silent)]
    expect(one.emit.map(({ value }) => textOf(value))).toEqual(other.emit.map(({ value }) => textOf(value)))
    expect(one.scores.at(-1)).toMatchObject({ count: 10 })
    const taken = await run(broken.map(({ asset, ts, values }) => ({ asset, ts, values })))
    const spoilt = taken.scores.filter(({ score }, i) => score !== one.scores[i]!.score)
    expect(spoilt.length).toBeGreaterThan(one.scores.length / 2)
  })

  test('are counted, and their readings stay in the balance', async () => {
    const { lane } = await run([...broken, broken[300]!])
    const { partition } = lane
    expect(partition.readings[0]).toMatchObject({ decoded: 901, windowed: 900, late: 1 })
    expect(unbalanced(partition)).toBe(0)
    expect(engineSource(new Map([[0, partition]]), () => T).badValues!()).toBe(
      bad + (broken[300]!.quality ? 1 : 0),
    )
  })

  test('come through ingest and from files as they were sent', async () => {
    const file = join(dir, 'broken.jsonl')
    await writeFile(file, broken.map((reading) => `${JSON.stringify(reading)}\n`).join(''))
    const read = await inTimeOrder(readRecording([file], null))
    expect(read).toEqual(broken)
    const format = makeJsonFormat(LIMITS)
    const payload = Buffer.from(JSON.stringify(broken[300]))
    const taken: Uint8Array[] = []
    format.decode(
      payload,
      { asset: 'pump-1', receivedAt: T },
      { reading: (_, value) => taken.push(value), letter: ({ detail }) => expect(detail).toBe('none') },
    )
    expect(taken).toEqual([payload])
  })

  test('a quality that is no word or code is a dead letter, also on the topic', async () => {
    const odd: PlainReading = JSON.parse(`{"asset":"pump-1","ts":${T},"values":{"heat":1},"quality":"Bad"}`)
    const { emit } = await run([odd])
    expect(emit.map(({ topic, headers }) => [topic, headers?.detail])).toEqual([
      [topics['dead-letters'], 'quality must be an object of words or numbers, by channel'],
    ])
  })
})
