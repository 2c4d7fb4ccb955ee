/** `chaos`: the proof of exactly-once as a command that anybody can run. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createEmbeddedPlant } from '../chaos/embedded-plant.ts'
import { isProof, jsonOf, linesOf } from '../chaos/report.ts'
import { runChaos } from '../chaos/run.ts'
import { loadConfig } from '../config/load.ts'
import { failure } from '../core/errors.ts'
import { PACKAGE_DIR, SHIPPED_MODELS } from './version.ts'

export interface ChaosCommandOptions {
  readonly log: 'embedded' | 'kafka'
  readonly kills: number
  readonly seed?: number
  readonly rate: number
  readonly json?: boolean
  /** Folder for data, logs and config, kept afterwards. */
  readonly keep?: string
}

export async function chaos(options: ChaosCommandOptions): Promise<void> {
  const seed = options.seed ?? Date.now() % 1_000_000
  const dir = folderOf(options.keep)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const repeat = repeatOf(options, seed)
  console.error(`forewarn: chaos on the ${options.log} log, seed ${seed}, in ${dir}`)
  try {
    const report = await runChaos({
      createPlant: createEmbeddedPlant,
      dir,
      main: join(PACKAGE_DIR, 'dist/src/main.js'),
      settingsOf: (file) => loadConfig({ file, env: {}, flags: {}, modelsDir: SHIPPED_MODELS }).settings,
      kills: options.kills,
      seed,
      rate: options.rate,
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

function folderOf(keep: string | undefined): string {
  if (keep === undefined) return mkdtempSync(join(tmpdir(), 'forewarn-chaos-'))
  const dir = resolve(keep)
  mkdirSync(dir, { recursive: true })
  if (readdirSync(dir).length > 0) throw failure('usage', `--keep ${keep} is not empty; name a new folder`)
  return dir
}

/** The same schedule and readings; the moments are those of the machine. */
function repeatOf({ log, kills, rate }: ChaosCommandOptions, seed: number): string {
  return `bin/forewarn chaos --log ${log} --kills ${kills} --rate ${rate} --seed ${seed}`
}
