/** `chaos`: the proof of exactly-once as a command that anybody can run. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createEmbeddedPlant } from '../chaos/embedded-plant.ts'
import { createKafkaPlant } from '../chaos/kafka-plant.ts'
import { isProof, jsonOf, linesOf } from '../chaos/report.ts'
import { type ChaosOptions, runChaos } from '../chaos/run.ts'
import { loadConfig } from '../config/load.ts'
import { failure } from '../core/errors.ts'
import { PACKAGE_DIR, SHIPPED_MODELS } from './version.ts'

export interface ChaosCommandOptions {
  readonly log: 'embedded' | 'kafka'
  readonly kills: number
  readonly seed?: number
  /** Messages a second. */
  readonly rate?: number
  /** Names of disturbances. */
  readonly only?: readonly string[]
  /** On Kafka: processes that divide the partitions. */
  readonly engines?: number
  readonly brokers?: 1 | 3
  /** Ms. */
  readonly rebalanceEvery?: number
  readonly json?: boolean
  /** Folder for data, logs and config, kept afterwards. */
  readonly keep?: string
}

/** Messages a second that a small machine serves beside all the starting. */
const RATE = { embedded: 4000, kafka: 1000 } as const
const ENGINES = 2

export async function chaos(options: ChaosCommandOptions): Promise<void> {
  const seed = options.seed ?? Date.now() % 1_000_000
  const dir = folderOf(options.keep)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const repeat = repeatOf(options, seed)
  console.error(`forewarn: chaos on the ${options.log} log, seed ${seed}, in ${dir}`)
  try {
    const report = await runChaos({
      createPlant: plantOf(options),
      dir,
      root: PACKAGE_DIR,
      settingsOf: (file) => loadConfig({ file, env: {}, flags: {}, modelsDir: SHIPPED_MODELS }).settings,
      kills: options.kills,
      only: options.only ?? null,
      seed,
      rate: options.rate ?? RATE[options.log],
      signal: stop.signal,
      tell: (line) => console.error(line),
    })
    if (options.json) console.log(JSON.stringify(jsonOf(report, { seed, repeat }), null, 2))
    else console.log(linesOf(report, repeat).join('\n'))
    if (!isProof(report)) process.exitCode = 1
  } finally {
    if (options.keep === undefined) rmSync(dir, { recursive: true, force: true })
  }
}

function plantOf({
  log,
  engines,
  brokers,
  rebalanceEvery,
}: ChaosCommandOptions): ChaosOptions['createPlant'] {
  if (log === 'kafka') {
    const kafka = {
      engines: engines ?? ENGINES,
      brokers: brokers ?? 1,
      rebalanceEveryMs: rebalanceEvery ?? null,
    }
    return (context) => createKafkaPlant(context, kafka)
  }
  if (engines !== undefined || brokers !== undefined || rebalanceEvery !== undefined) {
    throw failure('usage', '--engines, --brokers and --rebalance-every go with --log kafka')
  }
  return createEmbeddedPlant
}

function folderOf(keep: string | undefined): string {
  if (keep === undefined) return mkdtempSync(join(tmpdir(), 'forewarn-chaos-'))
  const dir = resolve(keep)
  mkdirSync(dir, { recursive: true })
  if (readdirSync(dir).length > 0) throw failure('usage', `--keep ${keep} is not empty; name a new folder`)
  return dir
}

/** The same schedule and readings; the moments are those of the machine. */
function repeatOf(options: ChaosCommandOptions, seed: number): string {
  const { log, kills, rate, engines, brokers, rebalanceEvery, only } = options
  const every = rebalanceEvery === undefined ? undefined : `${rebalanceEvery}ms`
  const flags = { log, kills, only: only?.join(), rate, engines, brokers, 'rebalance-every': every, seed }
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  return `bin/forewarn chaos ${given.map(([name, value]) => `--${name} ${value}`).join(' ')}`
}
