import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type SimulateOptions, simulate } from '../../src/commands/simulate.ts'
import { readLabels } from '../../src/formats/labels.ts'
import { readMap, readRecording } from '../../src/formats/recording.ts'
import { startIngest } from '../support/ingest.ts'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples', import.meta.url))
let ingest: Awaited<ReturnType<typeof startIngest>>
let said: string
beforeEach(async () => {
  ingest = await startIngest()
  said = ''
  vi.spyOn(console, 'error').mockImplementation((line) => {
    said += `${line}\n`
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await ingest.close()
})

const options = (): SimulateOptions => ({
  mqtt: ingest.url,
  fleet: { pump: 2, motor: 1 },
  seed: 1,
  speed: Number.POSITIVE_INFINITY,
  duration: 60_000,
  interval: 1000,
  faults: 0,
})

const readings = () => ingest.log.records.map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()))

test('a recording arrives as the map reads it, each engine in its order', async () => {
  const file = join(EXAMPLES, 'data/cmapss-fd001-engines-1-4.txt')
  const map = join(EXAMPLES, 'cmapss.map.yaml')
  await simulate({ ...options(), replay: [file], map })
  expect(ingest.intake.received()).toEqual({ decoded: 847, rejected: 0, unassigned: 0 })
  const recorded = []
  for await (const reading of readRecording([file], await readMap(map))) recorded.push(reading)
  for (const asset of ['1', '2', '3', '4']) {
    expect(readings().filter((reading) => reading.asset === asset)).toEqual(
      recorded.filter((reading) => reading.asset === asset),
    )
  }
  expect(said).toMatch(/847 readings acknowledged in .* s \(\d+\/s\), 0 reconnects/)
})

test('a simulated fleet, faster than real time: it starts in the past and ends now', async () => {
  const startedMs = Date.now()
  await simulate(options())
  const times = readings().map(({ ts }) => ts)
  expect(new Set(readings().map(({ asset }) => asset)).size).toBe(3)
  expect(times.length).toBeGreaterThan(150)
  expect(Math.min(...times)).toBeGreaterThanOrEqual(startedMs - 60_000)
  expect(Math.min(...times)).toBeLessThan(startedMs - 50_000)
  expect(Math.max(...times)).toBeGreaterThan(startedMs - 5000)
  expect(Math.max(...times)).toBeLessThan(Date.now() + 1000)
})

test('the truth about the faults is written beside, as train reads it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forewarn-simulate-'))
  try {
    const labels = join(folder, 'labels.csv')
    await simulate({ ...options(), duration: 3_600_000, interval: 60_000, faults: 100, labels })
    const written = await readLabels(labels)
    expect(written.length).toBeGreaterThan(0)
    for (const { from, to } of written) expect(to).toBeGreaterThan(from)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('what is wrong is said', async () => {
  await expect(simulate({ ...options(), replay: ['no.csv'] })).rejects.toThrow('no such file: no.csv')
  await expect(simulate({ ...options(), mqtt: 'mqtt://127.0.0.1:1' })).rejects.toThrow(
    /can't reach the MQTT broker/,
  )
})
