/**
 * Does a fleet fit, and how soon is it back? `npm run bench restore [ASSETS]` writes the state of so many assets (default
 * 100,000) to an embedded log with the real program, and starts it again: after an end in good order (the snapshot is
 * the state), and after `kill -9` when the snapshot is about as old as it gets (the log after it is read again).
 * Time and CPU are from the start of the process to the moment at which it owns all partitions; the row `empty log` is
 * what a start costs by itself, TensorFlow included.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from '../src/commands/free-port.ts'
import { loadConfig } from '../src/config/load.ts'
import type { EventLog, NewRecord } from '../src/core/ports.ts'
import { openEventLog } from '../src/eventlog/open.ts'
import { assetName, PLANT_CONFIG, pumpSamples, STEP_MS } from './plant.ts'
import { figuresOf, residentMb } from './process.ts'
import { sampleFigures, sleep, startProgram } from './program.ts'

const PARTITIONS = 4
const FIRST_PORT = 28_480
const APPEND_RECORDS = 5000
const POLL_MS = 50
/** Two windows of five seconds are closed and the third is open. */
const ROUNDS = 25
/** A snapshot is due after ten records for each asset; nine of them are read again after a kill. */
const ROUNDS_BEFORE_KILL = 9

interface Row {
  readonly start: string
  readonly 's to all partitions': number
  readonly 'CPU s': number
  readonly 'resident MB then': number
  /** Without the pages of mapped files: the log's and TensorFlow's. */
  readonly 'allocated MB then': number
  readonly 'peak MB': number
}

export async function restore([assets = '100000']: readonly string[]): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-bench-'))
  try {
    await measure(join(dir, 'forewarn.yaml'), join(dir, 'data'), Number(assets))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measure(config: string, data: string, assets: number): Promise<void> {
  // A snapshot is due by the number of assets, however many there are.
  const limits = { snapshotRecords: 1000 }
  const mqtt = { port: await freePort('127.0.0.1', FIRST_PORT + 100) }
  writeFileSync(config, stringify({ ...PLANT_CONFIG, mqtt, limits, log: { dir: data, ticks: 'off' } }))
  const port = await freePort('127.0.0.1', FIRST_PORT)
  const rows = [await started(config, port, 'empty log')]
  const startTs = Date.now() - ROUNDS * STEP_MS
  await fill(config, assets, startTs, 0, ROUNDS)
  console.log(`${assets} assets, ${ROUNDS} readings each: first pass`, await caughtUp(config, port))
  rows.push(await started(config, port, 'after an end in good order'))
  await fill(config, assets, startTs, ROUNDS, ROUNDS + ROUNDS_BEFORE_KILL)
  await killedAtTheEnd(config, port)
  const behind = assets * ROUNDS_BEFORE_KILL
  rows.push(await started(config, port, `after kill -9, ${behind} readings behind the snapshot`))
  console.table(rows)
}

/** Readings of healthy pumps, round after round, as ingest would append them. */
async function fill(
  config: string,
  assets: number,
  startTs: number,
  from: number,
  to: number,
): Promise<void> {
  const { settings } = loadConfig({ file: config, env: {}, flags: {}, modelsDir: '' })
  const topic = settings.log.topics.readings
  const { healthy } = pumpSamples(1)
  const texts = healthy.map((values) => JSON.stringify(values))
  const names = Array.from({ length: assets }, (_, i) => assetName(i))
  const encoder = new TextEncoder()
  const log: EventLog = await openEventLog(settings.log)
  for (let round = from; round < to; round++) {
    const ts = startTs + round * STEP_MS
    for (let first = 0; first < assets; first += APPEND_RECORDS) {
      const records = names.slice(first, first + APPEND_RECORDS).map((asset, i): NewRecord => {
        const values = texts[(round + first + i) % texts.length]
        return {
          topic,
          key: asset,
          value: encoder.encode(`{"asset":"${asset}","ts":${ts},"values":${values}}`),
        }
      })
      await log.append(records)
    }
  }
  await log.close()
}

/** One pass over what is there, to its end. */
async function caughtUp(config: string, port: number) {
  const program = startProgram(config, port, ['--role', 'engine', '--until-caught-up'])
  const sampled = sampleFigures(program.pid)
  const status = await program.ended()
  if (status !== 0) throw new Error(`up --until-caught-up ended with ${status}`)
  return sampled.stop()
}

/** Reads to the end, and is killed there: no snapshot is as young as the position. */
async function killedAtTheEnd(config: string, port: number): Promise<void> {
  const program = startProgram(config, port)
  await program.untilOwned(PARTITIONS)
  while ((await program.metric('forewarn_consumer_lag_records')) !== 0) await sleep(POLL_MS)
  await program.kill()
}

async function started(config: string, port: number, start: string): Promise<Row> {
  const startedMs = performance.now()
  const program = startProgram(config, port)
  await program.untilOwned(PARTITIONS)
  const seconds = (performance.now() - startedMs) / 1000
  const { cpuSeconds, peakMb } = figuresOf(program.pid)
  const { all, own } = residentMb(program.pid)
  const row = {
    start,
    's to all partitions': Math.round(seconds * 10) / 10,
    'CPU s': cpuSeconds,
    'resident MB then': Math.round(all),
    'allocated MB then': Math.round(own),
    'peak MB': Math.round(peakMb),
  }
  await program.stop()
  return row
}
